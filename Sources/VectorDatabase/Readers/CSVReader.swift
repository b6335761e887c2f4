import FileFormat

/// RFC 4180 with a header: a row is a document, quoted fields may span lines.
///
/// - Columns `_id` or `id`, `title` and `text`, or as the options name them; all others are
///   metadata. There a number or `true` or `false` counts as such, an empty field as missing, and
///   anything else as text.
/// - Fields are separated by commas; by semicolons or tabs where the header has those and no comma.
/// - A quote inside an unquoted field is an ordinary character.
final class CSVReader: RecordReader {
    private let parser: CSVParser
    private let file: InputFile
    private let columns: [String]
    private let id: Int?
    private let text: Int
    private let title: Int?

    init(_ lines: LineReader, file: InputFile, options: SourceOptions) throws {
        self.file = file
        parser = CSVParser(lines, file: file, limit: options.recordLimit)
        guard let header = try parser.next() else {
            throw SourceError.malformed(
                path: file.path, line: 1,
                fault: .emptyFile)
        }
        let columns = header.map { $0.trimmingSpaces }
        for (index, column) in columns.enumerated() where columns[..<index].contains(column) {
            throw SourceError.malformed(
                path: file.path, line: 1,
                fault: .duplicateColumn(column))
        }
        self.columns = columns
        func require(_ column: String) throws -> Int {
            guard let index = columns.firstIndex(of: column) else {
                throw SourceError.missingColumn(path: file.path, column: column, columns: columns)
            }
            return index
        }
        id =
            try options.idField.map(require) ?? columns.firstIndex(of: "_id")
            ?? columns.firstIndex(of: "id")
        text = try require(options.textField ?? "text")
        title = try options.titleField.map(require) ?? columns.firstIndex(of: "title")
    }

    var position: Int { parser.position }

    func next() throws -> Document? {
        while let fields = try parser.next() {
            if fields.count == 1, fields[0].isEmpty { continue }
            guard fields.count == columns.count else {
                throw SourceError.malformed(
                    path: file.path, line: parser.recordLine,
                    fault: .fieldCount(found: fields.count, header: columns.count))
            }
            return document(fields)
        }
        return nil
    }

    private func document(_ fields: [String]) -> Document {
        var document = Document(
            id: id.map { fields[$0] } ?? "", text: fields[text],
            title: title.map { fields[$0] } ?? "", source: file.place(parser.recordLine))
        if document.id.isEmpty { document.id = file.derivedID(parser.recordLine) }
        for (index, field) in fields.enumerated()
        where index != id && index != text && index != title && !field.isEmpty {
            document.metadata[columns[index]] = Self.value(field)
        }
        return document
    }

    /// A number as JSON writes it, `true` or `false`, else the text.
    private static func value(_ field: String) -> JSONValue {
        guard let first = field.utf8.first,
            first == 45 || (48...57).contains(first) || field == "true" || field == "false"
        else { return .string(field) }
        return JSONValue(parsing: field) ?? .string(field)
    }
}

/// Cuts a CSV file in records and fields.
final class CSVParser {
    private let lines: LineReader
    private let file: InputFile
    private let limit: Int
    private var separator: UInt8?
    /// The line at which the record given last begins.
    private(set) var recordLine = 0

    init(_ lines: LineReader, file: InputFile, limit: Int) {
        self.lines = lines
        self.file = file
        self.limit = limit
    }

    var position: Int { lines.position }

    /// The next record's fields; an empty line gives one empty field.
    func next() throws -> [String]? {
        var record = Record()
        recordLine = lines.line + 1
        while true {
            let isComplete = try file.translating {
                try lines.next(keepsEnd: true) { bytes in
                    try file.checkText(bytes, line: lines.line)
                    if separator == nil { separator = Self.separator(of: bytes) }
                    return try read(bytes, into: &record)
                }
            }
            if isComplete == true { return record.fields }
            if isComplete == nil {
                if record.size == 0 { return nil }
                throw SourceError.malformed(
                    path: file.path, line: recordLine,
                    fault: .unclosedQuote)
            }
            guard record.size <= limit else {
                throw SourceError.recordTooLong(path: file.path, line: recordLine, limit: limit)
            }
        }
    }

    private static func separator(of header: UnsafeBufferPointer<UInt8>) -> UInt8 {
        [UInt8(ascii: ","), UInt8(ascii: ";"), 9].first { header.contains($0) }
            ?? UInt8(ascii: ",")
    }

    private struct Record {
        var fields: [String] = []
        /// The field being read.
        var field: [UInt8] = []
        var isQuoted = false
        /// Bytes read for this record.
        var size = 0
    }

    /// Takes in a line with its end. Returns whether the record ends with it.
    private func read(_ bytes: UnsafeBufferPointer<UInt8>, into record: inout Record) throws -> Bool
    {
        record.size += bytes.count
        var end = bytes.count
        if end > 0, bytes[end - 1] == 10 { end -= 1 }
        if end > 0, bytes[end - 1] == 13 { end -= 1 }
        let quote = UInt8(ascii: "\"")
        var index = 0
        var isAtStart = !record.isQuoted
        while true {
            if record.isQuoted {
                guard index < bytes.count else { return false }
                let byte = bytes[index]
                index += 1
                if byte != quote {
                    record.field.append(byte)
                } else if index < end, bytes[index] == quote {
                    record.field.append(quote)
                    index += 1
                } else {
                    record.isQuoted = false
                    guard index >= end || bytes[index] == separator else {
                        throw SourceError.malformed(
                            path: file.path, line: lines.line,
                            fault: .textAfterQuote(byte: index))
                    }
                }
                continue
            }
            if index >= end || bytes[index] == separator {
                record.fields.append(String(decoding: record.field, as: UTF8.self))
                record.field.removeAll(keepingCapacity: true)
                if index >= end { return true }
                index += 1
                isAtStart = true
                continue
            }
            if isAtStart, bytes[index] == quote {
                record.isQuoted = true
            } else {
                record.field.append(bytes[index])
            }
            isAtStart = false
            index += 1
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
