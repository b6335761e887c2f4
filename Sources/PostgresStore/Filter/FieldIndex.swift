import FileFormat
import Schema

/// The indexes of a metadata field, of each place two: by numbers and by texts. They are over expressions, so
/// that the server keeps them up with every write.
///
/// They only narrow down which documents are looked at: every value that a comparison finds is between the
/// bounds, but not every document there matches.
struct FieldIndex {
    /// Of the metadata: it has no path.
    let field: String

    /// The most characters of a text that are compared: an index holds a third of a page.
    private static let textLength = 200
    /// A text that none exceeds.
    private static let lastText = "chr(1114111)"

    /// What the field's key as a number is; NULL if it has none.
    ///
    /// - Parameter value: the field's value as jsonb, as SQL.
    static func number(_ value: String) -> String {
        """
        (CASE jsonb_typeof(\(value)) WHEN 'number' THEN (\(value))::numeric WHEN 'boolean' THEN \
        CASE WHEN \(value) = 'true'::jsonb THEN 1::numeric ELSE 0::numeric END \
        WHEN 'array' THEN 'NaN'::numeric END)
        """
    }

    /// What the field's key as a text is; NULL if it has none.
    ///
    /// - Parameter value: as of ``number(_:)``.
    static func text(_ value: String) -> String {
        """
        ((CASE jsonb_typeof(\(value)) WHEN 'string' THEN left(\(value) #>> '{}', \(textLength)) \
        WHEN 'array' THEN \(lastText) END) COLLATE "C")
        """
    }

    /// A condition that holds for every number that compares so. Arrays are greater than all numbers.
    ///
    /// - Parameter bound: of type text, as SQL.
    static func numbers(_ value: String, _ operation: String, _ bound: String) -> String {
        let key = number(value)
        let compared = "\(key) \(operation) (\(bound))::numeric"
        return operation.hasPrefix(">") ? compared : "(\(compared) OR \(key) = 'NaN'::numeric)"
    }

    /// The same for texts.
    static func texts(_ value: String, _ operation: String, _ bound: String) -> String {
        let key = text(value)
        let compared = "\(key) \(operation.prefix(1))= left(\(bound), \(textLength))"
        return operation.hasPrefix(">") ? compared : "(\(compared) OR \(key) = \(lastText))"
    }

    // MARK: Names

    /// What the names of a place's two indexes begin with, without the schema.
    func name(_ place: Int, of layout: CollectionLayout) -> String {
        var field = field
        let hash = field.withUTF8 { Checksum.of(UnsafeRawBufferPointer($0)) }
        return "document_\(layout.id)_p\(place)_field_" + String(hash, radix: 16)
    }

    func names(_ place: Int, of layout: CollectionLayout) -> [String] {
        ["number", "text"].map { "\(name(place, of: layout))_\($0)" }
    }

    func statements(
        _ place: Int, of layout: CollectionLayout, _ schema: PostgresSchema, concurrently: Bool
    ) -> [String] {
        let value = "(metadata -> \(PostgresSchema.escaped(field))::text)"
        return schema.field(
            name(place, of: layout), ofCollection: layout.id, place: place,
            number: Self.number(value), text: Self.text(value), concurrently: concurrently)
    }
}
