import JSON
import Storage

/// A metadata field by the names that lead to it.
package struct FieldPath: Sendable, Equatable {
    private let names: [String]

    /// Parses a field's name as a filter writes it: `year`, `author.name`, `"odd name"`; `nil` for
    /// anything else, also for the document's own id and title.
    package init?(_ written: String) {
        guard let filter = try? Filter(written + " IS NULL"),
            case .isNull(let field) = filter.predicate,
            field.first != MetadataPredicate.pathSeparator
        else { return nil }
        names = field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false
        ).map(String.init)
    }

    /// The field's value, of an array the first; `nil` if it is missing, null or an object.
    func value(in metadata: JSONObject) -> JSONValue? {
        var value = JSONValue.object(metadata)
        for name in names {
            guard let next = value.objectValue?[name] else { return nil }
            value = next
        }
        if case .array(let values) = value { value = values.first ?? .null }
        switch value {
        case .string, .bool, .integer, .largeInteger, .number: return value
        case .null, .array, .object: return nil
        }
    }
}
