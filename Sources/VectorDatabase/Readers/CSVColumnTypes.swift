import JSON

/// The type of a CSV file's column.
public enum CSVColumnType: String, Sendable, CaseIterable {
    case text, number, boolean
}

/// The types of a CSV file's columns. A type is decided for the whole column: cell by cell, `02139`
/// would be text and 12345 a number, and no filter would find both.
///
/// - A column that ``SourceOptions/columnTypes`` names has that type. Then +5 and 007 are numbers, too,
///   and yes, no, 1 and 0 booleans; what cannot be read so is an error.
/// - A numeric column has only numbers in JSON's notation (no leading zero, no plus sign); integers
///   fit 64 bits.
/// - A boolean column has only `true` and `false`, in any letter case.
/// - Any other column is text. Empty cells are missing values and do not affect the type.
struct CSVColumnTypes: Equatable {
    private var mayBeNumber: [Bool]
    private var mayBeBoolean: [Bool]
    /// By column.
    private let given: [Int: CSVColumnType]

    init(columns: Int, given: [Int: CSVColumnType] = [:]) {
        mayBeNumber = Array(repeating: true, count: columns)
        mayBeBoolean = mayBeNumber
        self.given = given
    }

    /// Reads a whole file. Unreadable records are skipped, and a fault of the file ends the survey;
    /// the reader of the documents reports both.
    init(surveying parser: CSVParser, options: SourceOptions) throws {
        let first = (try? parser.next()) ?? []
        let columns = CSVColumns(first: first, options: options)
        self.init(columns: columns.names.count, given: columns.given(options))
        if !options.hasHeader { add(first) }
        while true {
            do {
                guard let fields = try parser.next() else { return }
                add(fields)
            } catch let error as SourceError {
                if !error.isOfOneRecord { return }
            }
        }
    }

    subscript(column: Int) -> CSVColumnType {
        given[column]
            ?? (mayBeNumber[column] ? .number : mayBeBoolean[column] ? .boolean : .text)
    }

    /// Takes a record into account, unless it has the wrong number of cells and will be refused.
    mutating func add(_ cells: [String]) {
        guard cells.count == mayBeNumber.count else { return }
        for (column, cell) in cells.enumerated() where !cell.isEmpty {
            if mayBeNumber[column], Self.number(cell) == nil { mayBeNumber[column] = false }
            if mayBeBoolean[column], Self.boolean(cell) == nil { mayBeBoolean[column] = false }
        }
    }

    /// The value of a cell, in its column's type; `nil` if it cannot be of the given type.
    func value(_ cell: String, column: Int) -> JSONValue? {
        switch (self[column], given[column] != nil) {
        case (.number, true): Self.anyNumber(cell)
        case (.boolean, true): Self.anyBoolean(cell)
        case (.number, false): Self.number(cell) ?? .string(cell)
        case (.boolean, false): Self.boolean(cell) ?? .string(cell)
        case (.text, _): .string(cell)
        }
    }

    /// A number in any decimal notation: 007, +5, .5, 1e3.
    private static func anyNumber(_ cell: String) -> JSONValue? {
        if let value = number(cell) { return value }
        if let value = Int64(cell) { return .integer(value) }
        // Double also reads names and hexadecimal numbers.
        guard cell.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }),
            cell.contains(where: { ".eE".contains($0) }), let value = Double(cell), value.isFinite
        else { return nil }
        return .number(value)
    }

    private static func anyBoolean(_ cell: String) -> JSONValue? {
        switch cell.lowercased() {
        case "true", "yes", "t", "y", "1": .bool(true)
        case "false", "no", "f", "n", "0": .bool(false)
        default: nil
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
