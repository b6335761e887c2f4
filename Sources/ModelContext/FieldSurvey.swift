import ModelContextProtocol
import TextBytes
import VectorDatabase

/// The metadata fields of some documents: their types and frequent values.
struct FieldSurvey {
    /// Most frequent first; equally frequent ones by name.
    let fields: [Field]
    /// The number of documents looked at.
    let sampled: Int

    static let maximumFields = 40
    static let maximumValues = 5
    /// The longest text, in characters, that counts as a value one would compare with.
    static let valueLength = 60
    /// How many different values of a field are counted.
    private static let countedValues = 256
    private static let maximumDepth = 3

    struct Field {
        /// As a filter writes it.
        let name: String
        /// Of the values, or of an array's elements: `string`, `number`, `boolean`.
        private(set) var types: [String] = []
        private(set) var isArray = false
        /// How many of the documents have it.
        fileprivate(set) var documents = 0
        private var counts: [JSONValue: Int] = [:]

        init(name: String) { self.name = name }

        fileprivate mutating func add(_ value: JSONValue) {
            switch value {
            case .null, .object: break
            case .array(let elements):
                isArray = true
                for element in elements where element.arrayValue == nil { add(element) }
            case .bool: count(value, "boolean")
            case .string: count(value, "string")
            case .integer, .largeInteger, .number: count(value, "number")
            }
        }

        private mutating func count(_ value: JSONValue, _ type: String) {
            if !types.contains(type) { types.append(type) }
            if let text = value.stringValue, text.unicodeScalars.count > FieldSurvey.valueLength {
                return
            }
            if counts[value] != nil || counts.count < FieldSurvey.countedValues {
                counts[value, default: 0] += 1
            }
        }

        /// The most frequent values.
        var values: [JSONValue] {
            counts.map { (value: $0.key, count: $0.value, text: $0.key.jsonText) }
                .sorted {
                    $0.count != $1.count ? $0.count > $1.count : $0.text.precedesByBytes($1.text)
                }
                .prefix(FieldSurvey.maximumValues).map(\.value)
        }

        func json(indexed: [String]) -> JSONWriter {
            var line = JSONWriter()
            line.set("field", name)
            line.set("types", .array(types.map { .string($0) }))
            line.set("array", .bool(isArray))
            line.set("documents", documents)
            line.set("values", .array(values))
            let isIndexed = indexed.contains {
                FieldSurvey.written([$0])?.hasSameBytes(as: name) == true
            }
            line.set("indexed", .bool(isIndexed))
            return line
        }
    }

    static let schema = Schema.object(
        .required("field", Schema(.string, "As where writes it.")),
        .required(
            "types",
            .array(of: Schema(.choice(["string", "number", "boolean"])), "Of its values.")),
        .required(
            "array",
            Schema(.boolean, "Whether it is a list; then where compares the elements.")),
        .required("documents", .count("How many of the sampled documents have it.")),
        .required("values", .array(of: Schema(.scalar), "The most frequent short values.")),
        .required("indexed", Schema(.boolean, "Whether filters on it are fast.")))

    init(_ metadata: [JSONObject]) {
        var fields: [Identifier: Field] = [:]
        for object in metadata { Self.add(object, under: [], to: &fields) }
        sampled = metadata.count
        self.fields = fields.values.sorted {
            $0.documents != $1.documents
                ? $0.documents > $1.documents : $0.name.precedesByBytes($1.name)
        }.prefix(Self.maximumFields).map { $0 }
    }

    private static func add(
        _ object: JSONObject, under path: [String], to fields: inout [Identifier: Field]
    ) {
        for (key, value) in object {
            let path = path + [key]
            if let inner = value.objectValue {
                if path.count < maximumDepth { add(inner, under: path, to: &fields) }
                continue
            }
            guard key.utf8.count <= 100, let name = written(path) else { continue }
            fields[Identifier(name), default: Field(name: name)].documents += 1
            fields[Identifier(name)]?.add(value)
        }
    }

    /// The field as a filter writes it; `nil` if a filter cannot name it.
    static func written(_ path: [String]) -> String? {
        let quoted = path.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
        // A name of letters may still be a keyword.
        return ((path.allSatisfy(isName) ? [path] : []) + [quoted])
            .map { $0.joined(separator: ".") }
            .first { (try? Filter("\($0) LIKE 'a'")) != nil }
    }

    /// Whether a filter reads a field's name as one without quotes. `id` and `title` without quotes
    /// are the document's own.
    private static func isName(_ name: String) -> Bool {
        if name == "id" || name == "title" { return false }
        guard let first = name.first, first.isLetter || first == "_" else { return false }
        return name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }
}
