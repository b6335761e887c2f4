import JSON
import TextBytes

/// What a metadata field holds, over all documents of a collection or a sample of them.
public struct FieldStatistics: Sendable, Equatable {
    /// The field's name, as a filter writes it: `year`, `file.size`, `"odd name"`.
    public let name: String
    /// How many documents have it with a value other than null.
    public fileprivate(set) var documents = 0
    /// How many of its values are of each type; an array counts by its elements.
    public fileprivate(set) var types: [ValueType: Int] = [:]
    /// Some of its values, each once, in the order of documents.
    public fileprivate(set) var examples: [JSONValue] = []
    /// How many values it has that differ; `nil` if there are more than ``distinctLimit``.
    public var distinct: Int? { hasUncounted ? nil : counts.count }
    /// Whether a document has an array of values.
    package fileprivate(set) var isArray = false

    /// The types of values.
    public enum ValueType: String, Sendable, CaseIterable, Comparable {
        case text, number, boolean

        /// By name.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The most different values that are counted.
    public static let distinctLimit = 1000
    /// The most examples that are kept.
    public static let exampleLimit = 5

    /// How often each value occurs, of the first ``distinctLimit`` that differ.
    private var counts: [JSONValue: Int] = [:]
    private var hasUncounted = false

    fileprivate init(name: String) { self.name = name }

    /// The values that are counted, most frequent first; equally frequent ones by their JSON.
    package var valuesByFrequency: [JSONValue] {
        counts.map { (value: $0.key, count: $0.value, text: $0.key.jsonText) }
            .sorted {
                $0.count != $1.count ? $0.count > $1.count : $0.text.precedesByBytes($1.text)
            }
            .map(\.value)
    }

    /// Adds what one document has.
    fileprivate mutating func add(_ value: JSONValue) {
        documents += 1
        guard case .array(let elements) = value else { return count(value) }
        isArray = true
        for element in elements { count(element) }
    }

    private mutating func count(_ value: JSONValue) {
        let type: ValueType
        switch value {
        case .string: type = .text
        case .bool: type = .boolean
        case .integer, .largeInteger, .number: type = .number
        case .null, .array, .object: return
        }
        types[type, default: 0] += 1
        if counts[value] != nil {
            counts[value]? += 1
        } else if counts.count < Self.distinctLimit {
            counts[value] = 1
            if examples.count < Self.exampleLimit { examples.append(value) }
        } else {
            hasUncounted = true
        }
    }
}

extension DocumentCollection {
    /// The metadata fields of all documents that a filter can name, sorted by name; those inside of objects
    /// by their paths.
    ///
    /// - Throws: ``DatabaseError``.
    public func fields() throws -> [FieldStatistics] {
        try rethrowing {
            var found: [Identifier: FieldStatistics] = [:]
            try store.forEachMetadata(in: requireRecord()) { json in
                Self.add(try metadata(json), under: [], to: &found)
            }
            return found.values.sorted { $0.name.precedesByBytes($1.name) }
        }
    }

    /// The metadata fields of up to 512 documents from all over the collection, most frequent first and
    /// equally frequent ones by name, and how many documents these are. The time does not grow with the
    /// size of the collection.
    ///
    /// - Throws: ``DatabaseError``.
    package func fieldsOfSample() throws -> (fields: [FieldStatistics], documents: Int) {
        let sample = try sampleOfMetadata()
        var found: [Identifier: FieldStatistics] = [:]
        for object in sample { Self.add(object, under: [], to: &found) }
        let fields = found.values.sorted {
            $0.documents != $1.documents
                ? $0.documents > $1.documents : $0.name.precedesByBytes($1.name)
        }
        return (fields, sample.count)
    }

    private static func add(
        _ object: JSONObject, under path: [String], to found: inout [Identifier: FieldStatistics]
    ) {
        for (key, value) in object {
            let path = path + [key]
            switch value {
            case .null: continue
            case .object(let inner): add(inner, under: path, to: &found)
            default:
                guard let name = Filter.written(path: path) else { continue }
                found[Identifier(name), default: FieldStatistics(name: name)].add(value)
            }
        }
    }
}
