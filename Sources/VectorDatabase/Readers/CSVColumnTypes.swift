import JSON

/// The types of a CSV file's columns. A type is decided for the whole column: cell by cell, `02139`
/// would be text and 12345 a number, and no filter would find both.
///
/// - A numeric column has only numbers in JSON's notation (no leading zero, no plus sign); integers
///   fit 64 bits.
/// - A boolean column has only `true` and `false`, in any letter case.
/// - Any other column is text. Empty cells are missing values and do not affect the type.
struct CSVColumnTypes: Equatable {
    enum ColumnType { case number, boolean, text }

    private var mayBeNumber: [Bool]
    private var mayBeBoolean: [Bool]

    init(columns: Int) {
        mayBeNumber = Array(repeating: true, count: columns)
        mayBeBoolean = mayBeNumber
    }

    /// Reads a whole file. Unreadable records are skipped, and a fault of the file ends the survey;
    /// the reader of the documents reports both.
    init(surveying parser: CSVParser) throws {
        let header = try? parser.next()
        self.init(columns: header?.count ?? 0)
        while true {
            do {
                guard let fields = try parser.next() else { return }
                add(fields)
            } catch let error as SourceError {
                if !error.isOfOneRecord { return }
            }
        }
    }

    subscript(column: Int) -> ColumnType {
        mayBeNumber[column] ? .number : mayBeBoolean[column] ? .boolean : .text
    }

    /// Takes a record into account, unless it has the wrong number of cells and will be refused.
    mutating func add(_ cells: [String]) {
        guard cells.count == mayBeNumber.count else { return }
        for (column, cell) in cells.enumerated() where !cell.isEmpty {
            if mayBeNumber[column], Self.number(cell) == nil { mayBeNumber[column] = false }
            if mayBeBoolean[column], Self.boolean(cell) == nil { mayBeBoolean[column] = false }
        }
    }

    /// The value of a cell, in its column's type.
    func value(_ cell: String, column: Int) -> JSONValue {
        switch self[column] {
        case .number: Self.number(cell) ?? .string(cell)
        case .boolean: Self.boolean(cell) ?? .string(cell)
        case .text: .string(cell)
        }
    }

    private static func number(_ cell: String) -> JSONValue? {
        guard let first = cell.utf8.first, first == 45 || (48...57).contains(first) else {
            return nil
        }
        guard let value = try? JSONValue(parsing: cell) else { return nil }
        switch value {
        case .integer: return value
        case .number(let number) where number.isFinite: return value
        default: return nil
        }
    }

    private static func boolean(_ cell: String) -> JSONValue? {
        guard cell.utf8.count <= 5 else { return nil }
        return switch cell.lowercased() {
        case "true": .bool(true)
        case "false": .bool(false)
        default: nil
        }
    }
}
