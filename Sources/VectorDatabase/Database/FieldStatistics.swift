import JSON
import TextBytes

/// What a metadata field holds, over all documents of a collection.
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
    public var distinct: Int? { seen.map { $0.count } }

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

    private var seen: Set<Identifier>? = []

    fileprivate init(name: String) { self.name = name }

    fileprivate mutating func add(_ value: JSONValue) {
        let type: ValueType
        switch value {
        case .string: type = .text
        case .bool: type = .boolean
        case .integer, .largeInteger, .number: type = .number
        case .null, .array, .object: return
        }
        types[type, default: 0] += 1
        guard let isNew = seen?.insert(Identifier(value.jsonText)).inserted, isNew else { return }
        if examples.count < Self.exampleLimit { examples.append(value) }
        if let count = seen?.count, count > Self.distinctLimit { seen = nil }
    }
}

extension DocumentCollection {
    /// The metadata fields of all documents, sorted by name; those inside of objects by their paths.
    ///
    /// - Throws: ``DatabaseError``.
    public func fields() throws -> [FieldStatistics] {
        try rethrowing {
            var found: [Identifier: FieldStatistics] = [:]
            try store.forEachMetadata(in: requireRecord()) { json in
                Self.add(try metadata(json), under: "", to: &found)
            }
            return found.values.sorted { $0.name.precedesByBytes($1.name) }
        }
    }

    private static func add(
        _ object: JSONObject, under prefix: String, to found: inout [Identifier: FieldStatistics]
    ) {
        for (key, value) in object {
            let name = prefix + Filter.written(key)
            switch value {
            case .null: continue
            case .object(let inner):
                add(inner, under: name + ".", to: &found)
                continue
            default: break
            }
            var field = found[Identifier(name)] ?? FieldStatistics(name: name)
            field.documents += 1
            if case .array(let elements) = value {
                for element in elements { field.add(element) }
            } else {
                field.add(value)
            }
            found[Identifier(name)] = field
        }
    }
}
