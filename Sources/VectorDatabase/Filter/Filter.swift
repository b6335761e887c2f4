import Storage

/// A condition on documents' metadata, ids and titles, in the language of the option `--where`.
///
/// ```swift
/// let filter = try Filter("lang = 'en' AND year >= 2020 AND tag IN ('a', 'b') AND NOT draft")
/// ```
///
/// | form | holds if |
/// | --- | --- |
/// | `field = value`, `!=` (or `<>`), `<`, `<=`, `>`, `>=` | the field compares so; a value may stand on the left, too |
/// | `field [NOT] IN (value, …)` | the field equals one of the values |
/// | `field [NOT] BETWEEN value AND value` | both bounds are included |
/// | `field [NOT] LIKE 'pattern'` | `%` stands for any run of characters, `_` for one; ASCII letters match in either case |
/// | `field [NOT] ILIKE 'pattern'` | the same, in which all letters match in either case |
/// | `… LIKE 'pattern' ESCAPE 'c'`, also ILIKE | the character after `c` stands for itself |
/// | `field [NOT] CONTAINS 'text'` | the text is contained, in either case |
/// | `field IS [NOT] NULL` | the field is missing or null |
/// | `field` | the field is true, or a number other than 0 |
/// | `NOT a`, `a AND b`, `a OR b`, `(a)` | as in SQL, binding in this order |
/// | `TRUE`, `FALSE` | always, never |
///
/// - A field is a name (letters, digits, `_`; not a keyword) or `"any name"` in double quotes, in
///   which `""` stands for one quote. `author.name` is the field `name` of the object `author`; in
///   such a path no name may be empty or contain quotes, backslashes or control characters.
/// - `id` and `title` without quotes are the document's own; an empty title counts as missing.
///   `"id"` is a metadata field.
/// - A value is a number, `TRUE`, `FALSE`, `'text'` in single quotes, in which `''` stands for
///   one, or a date: `DATE '2024-01-31'`, `DATE '2024'`, `DATE '2024-01-31T12:00:00+02:00'`. Numbers
///   compare with numbers and text with text. A date compares with texts that hold a date (ISO 8601,
///   or as in mail; UTC without an offset): `=` holds within the whole day, month or year.
/// - A field that holds an array is compared by its elements: `tag = 'a'` finds the documents
///   whose array `tag` contains `a`; `tag != 'a'` those that have tags, none of them `a`.
/// - The logic is SQL's, with three values. A comparison, IN, LIKE or BETWEEN of a field that is
///   missing, null or an array without values is neither true nor false, and neither is its NOT: so
///   `year != 2020`, `NOT year = 2020` and `year NOT IN (2020)` find the same documents, all of
///   which have a year. `field` alone asks whether it is true, which is always known: `NOT draft`
///   finds documents without the field, too.
/// - Keywords are case-insensitive.
public struct Filter: Sendable, Equatable {
    /// The source text of the filter.
    public let expression: String
    package let predicate: MetadataPredicate

    /// The most bytes of an expression, and levels of parentheses and NOT.
    static let maximumLength = 65_536
    static let maximumDepth = 64

    /// Parses an expression.
    ///
    /// - Throws: ``FilterError`` with the column of the first mistake. An expression has at most
    ///   65,536 bytes and 64 levels of nesting.
    public init(_ expression: String) throws(FilterError) {
        self.expression = expression
        guard expression.utf8.count <= Self.maximumLength else {
            throw FilterError(
                expression: expression, column: 1,
                expected: "at most \(Self.maximumLength) bytes",
                found: "\(expression.utf8.count)")
        }
        // SQLite would see only the part before the NUL.
        if let place = expression.firstIndex(where: { $0.unicodeScalars.contains("\0") }) {
            throw FilterError(
                expression: expression,
                column: expression.distance(from: expression.startIndex, to: place) + 1,
                expected: "no NUL character", found: "one")
        }
        var parser = try FilterParser(expression)
        predicate = try parser.parse()
    }
}

extension Filter {
    /// A field's name as an expression writes it: in quotes if it needs them.
    package static func written(_ name: String) -> String {
        let isPlain =
            name.first.map { $0.isLetter || $0 == "_" } == true
            && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
            && FilterKeyword(rawValue: name.uppercased()) == nil && name != "id" && name != "title"
        return isPlain ? name : "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// The field that the names lead to, as an expression writes it; `nil` if none can name it: SQLite's
    /// paths have no escapes.
    package static func written(path: [String]) -> String? {
        guard path.count == 1 || path.allSatisfy(MetadataPredicate.canBeInPath) else { return nil }
        return path.map { written($0) }.joined(separator: ".")
    }

    /// A predicate's field as an expression writes it.
    static func written(predicateField field: String) -> String {
        field.split(
            separator: MetadataPredicate.pathSeparator, omittingEmptySubsequences: false
        ).map { written(String($0)) }.joined(separator: ".")
    }
}

/// A syntax error in a filter: its place, what was expected there, and what was found.
public struct FilterError: Error, Sendable, Equatable {
    /// The whole expression.
    public let expression: String
    /// The place of the error, in characters (grapheme clusters) from 1.
    public let column: Int
    /// What could stand there, as a noun phrase: `a value`.
    public let expected: String
    /// What was found there instead.
    public let found: String
}

extension FilterError: CustomStringConvertible {
    /// `filter, column 6: expected a value, found AND, in: year AND`; long expressions are
    /// abridged.
    public var description: String {
        "filter, column \(column): expected \(expected), found \(found), in: \(excerpt)"
    }

    /// The expression; of a long one, the part around the column.
    private var excerpt: String {
        let characters = Array(expression)
        guard characters.count > 120 else { return expression }
        let start = max(0, min(column - 60, characters.count - 120))
        let end = min(characters.count, start + 120)
        return (start > 0 ? "…" : "") + String(characters[start..<end])
            + (end < characters.count ? "…" : "")
    }
}
