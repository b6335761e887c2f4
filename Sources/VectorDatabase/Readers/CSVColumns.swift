/// The columns of a CSV file: their names, from the header or by number, and what they are.
struct CSVColumns: Equatable {
    /// In order.
    let names: [String]
    private let hasHeader: Bool

    /// - Parameter first: the first record.
    init(first: [String], options: SourceOptions) {
        hasHeader = options.hasHeader
        names =
            hasHeader
            ? first.map(\.trimmingSpaces) : first.indices.map { "column\($0 + 1)" }
    }

    func index(of name: String) -> Int? { names.firstIndex { $0.utf8.elementsEqual(name.utf8) } }

    /// The types that the options give, by column.
    func given(_ options: SourceOptions) -> [Int: CSVColumnType] {
        var given: [Int: CSVColumnType] = [:]
        for (name, type) in options.columnTypes {
            if let index = index(of: name) { given[index] = type }
        }
        return given
    }

    /// The column of the id if the options name none. Without a header, a line of two is an id and a
    /// text.
    var usualID: Int? {
        hasHeader ? index(of: "_id") ?? index(of: "id") : names.count == 2 ? 0 : nil
    }

    /// The column of the text if the options name none.
    var usualText: Int? {
        hasHeader ? index(of: "text") : names.count <= 2 ? names.count - 1 : nil
    }

    var usualTitle: Int? { hasHeader ? index(of: "title") : nil }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
