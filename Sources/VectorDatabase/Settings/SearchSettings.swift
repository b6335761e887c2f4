import JSON
import LexicalIndex

/// How a collection is searched by words and in hybrid mode, if that was fitted to judgments of its
/// own (`vdb tune`) rather than left to the program's constants.
///
/// ```swift
/// try notes.setSearchSettings(SearchSettings(k1: 0.8, b: 0.4, denseWeight: 0.7))
/// ```
public struct SearchSettings: Sendable, Equatable {
    /// BM25's k1, more than 0: how much a word's further occurrences in a passage count.
    public var k1: Double
    /// BM25's b, 0 to 1: how much long passages are discounted.
    public var b: Double
    /// How much vectors count in hybrid search by scores, against 1 for words, 0 or more; it
    /// precedes the model's own weight, and a query's precedes it. `nil` leaves it to the model.
    public var denseWeight: Double?
    /// The fingerprint of the model that ``denseWeight`` was fitted for. With another model's vectors
    /// the weight does not count; `nil` counts with any.
    public var modelFingerprint: String?

    /// Creates settings; each parameter sets the property of its name.
    public init(
        k1: Double, b: Double, denseWeight: Double? = nil, modelFingerprint: String? = nil
    ) {
        self.k1 = k1
        self.b = b
        self.denseWeight = denseWeight
        self.modelFingerprint = modelFingerprint
    }

    /// How a collection without settings is searched.
    package static let standard = SearchSettings(k1: BM25.standard.k1, b: BM25.standard.b)

    /// The parameters of BM25.
    var scoring: BM25 { BM25(k1: k1, b: b) }

    /// The weight of vectors that counts with a model; `nil` if none does.
    package func denseWeight(forModel fingerprint: String) -> Double? {
        modelFingerprint.map { $0 == fingerprint } ?? true ? denseWeight : nil
    }
}

extension SearchSettings {
    /// The first parameter that has a value it cannot have; `nil` if there is none.
    var firstOutOfRange: (parameter: String, value: Double, allowed: String)? {
        let parameters: [(String, Double?, ClosedRange<Double>, String)] = [
            ("k1", k1, 1e-3...1e3, "0.001 to 1000"),
            ("b", b, 0...1, "0 to 1"),
            ("dense weight", denseWeight, 0...Double.greatestFiniteMagnitude, "0 or more"),
        ]
        for case (let parameter, let value?, let range, let allowed) in parameters
        where !range.contains(value) {
            return (parameter, value, allowed)
        }
        return nil
    }

    /// The settings as an object with the keys `k1`, `b` and, if they are set, `hybrid_weight` and
    /// `model`.
    public var json: JSONObject {
        var object: JSONObject = ["k1": .number(k1), "b": .number(b)]
        if let denseWeight { object["hybrid_weight"] = .number(denseWeight) }
        if let modelFingerprint { object["model"] = .string(modelFingerprint) }
        return object
    }

    /// Nil if a member is missing or not what ``json`` writes.
    init?(json object: JSONObject) {
        guard let k1 = object["k1"]?.doubleValue, let b = object["b"]?.doubleValue else {
            return nil
        }
        self.init(
            k1: k1, b: b, denseWeight: object["hybrid_weight"]?.doubleValue,
            modelFingerprint: object["model"]?.stringValue)
        guard firstOutOfRange == nil else { return nil }
    }
}
