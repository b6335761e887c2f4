import GRDB

/// SQL functions of filters.
///
/// - `vdb_fold(text)`: in lower case, for comparisons that ignore case.
/// - `vdb_date(text)`: the first moment that a date names, in seconds since 1970; NULL for a text that
///   is no date.
///
/// Both are NULL for anything but a text.
enum FilterFunctions {
    static let fold = "vdb_fold"
    static let date = "vdb_date"

    /// A text as `vdb_fold` gives it.
    static func folded(_ text: String) -> String { MetadataPredicate.folded(text) }

    static func register(in database: Database) {
        database.add(
            function: DatabaseFunction(fold, argumentCount: 1, pure: true) { values in
                guard case .string(let text) = values[0].storage else { return nil }
                return folded(text)
            })
        database.add(
            function: DatabaseFunction(date, argumentCount: 1, pure: true) { values in
                guard case .string(let text) = values[0].storage else { return nil }
                return DateText.range(of: text)?.start
            })
    }
}
