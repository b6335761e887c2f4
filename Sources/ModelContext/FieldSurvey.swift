import ModelContextProtocol
import TextBytes
import VectorDatabase

/// The metadata fields of some documents of a collection, as much of them as an answer may have.
struct FieldSurvey {
    /// Most frequent first.
    let fields: [FieldStatistics]
    /// Whether there are more fields.
    let isCut: Bool
    /// The number of documents looked at.
    let sampled: Int

    static let maximumFields = 40
    static let maximumValues = 5
    /// The longest text, in characters, that counts as a value one would compare with.
    static let valueLength = 60
    /// The longest name, in bytes.
    static let nameLength = 200

    init(_ collection: DocumentCollection) throws {
        let sample = try collection.fieldsOfSample()
        sampled = sample.documents
        fields = Array(
            sample.fields.lazy.filter { $0.name.utf8.count <= Self.nameLength }
                .prefix(Self.maximumFields))
        isCut = fields.count < sample.fields.count
    }

    static let schema = Schema.object(
        .required("field", Schema(.string, "As where writes it.")),
        .required(
            "types",
            .array(
                of: Schema(.choice(FieldStatistics.ValueType.allCases.map(\.rawValue))),
                "Of its values.")),
        .required(
            "array",
            Schema(.boolean, "Whether it is a list; then where compares the elements.")),
        .required("documents", .count("How many of the sampled documents have it.")),
        .required("values", .array(of: Schema(.scalar), "The most frequent short values.")),
        .required("indexed", Schema(.boolean, "Whether filters on it are fast.")))
}

extension FieldStatistics {
    /// The most frequent values that are not long.
    var frequentValues: [JSONValue] {
        let short = valuesByFrequency.lazy.filter { value in
            value.stringValue.map { $0.unicodeScalars.count <= FieldSurvey.valueLength } ?? true
        }
        return Array(short.prefix(FieldSurvey.maximumValues))
    }

    /// The field as the tool lists it.
    ///
    /// - Parameter indexedFields: the names, not as filters write them.
    func json(indexedFields: [String]) -> JSONWriter {
        var line = JSONWriter()
        line.set("field", name)
        line.set("types", .array(types.keys.sorted().map { .string($0.rawValue) }))
        line.set("array", .bool(isArray))
        line.set("documents", documents)
        line.set("values", .array(frequentValues))
        let isIndexed = indexedFields.contains { Filter.written($0).hasSameBytes(as: name) }
        line.set("indexed", .bool(isIndexed))
        return line
    }
}
