import FileFormat
import JSON

/// Reads CSV (RFC 4180): each row is a document; quoted fields may span lines.
///
/// - The first line is a header, unless the options say that there is none; then the columns are
///   `column1`, `column2` and so on.
/// - The columns `_id` or `id`, `title` and `text`, or those that the options name, are the
///   document's own. All others are metadata, of the types that `CSVColumnTypes` finds; an empty
///   field is a missing value.
/// - The separator is the one in the options, else whichever of comma, semicolon and tab is most
///   frequent outside quotes in the first line, else the comma.
/// - Lines end in LF or CR LF, or all of them in CR.
/// - A quote inside an unquoted field is an ordinary character.
final class CSVReader: RecordReader {
    private let parser: CSVParser
    private let file: InputFile
    private let columns: [String]
    private let types: CSVColumnTypes
    private let id: Int?
    private let text: Int
    private let title: Int?
    /// The first record of a file without a header, and its line.
    private var first: (fields: [String], line: Int)?

    /// - Parameter types: the result of surveying the same file.
    init(
        _ stream: any ByteStream, types: CSVColumnTypes, file: InputFile, options: SourceOptions,
        warn: (SourceWarning) -> Void
    ) throws {
        self.file = file
        self.types = types
        parser = CSVParser(stream, file: file, options: options)
        guard let record = try parser.next() else {
            throw SourceError.malformed(path: file.path, line: 1, fault: .emptyFile)
        }
        if !options.hasHeader { first = (record, parser.recordLine) }
        let columns = CSVColumns(first: record, options: options)
        let names = columns.names
        for (index, column) in names.enumerated()
        where names[..<index].contains(where: { $0.utf8.elementsEqual(column.utf8) }) {
            throw SourceError.malformed(path: file.path, line: 1, fault: .duplicateColumn(column))
        }
        self.columns = names
        func require(_ column: String) throws -> Int {
            guard let index = columns.index(of: column) else {
                throw SourceError.missingColumn(path: file.path, column: column, columns: names)
            }
            return index
        }
        id = try options.idField.map(require) ?? columns.usualID
        text = try options.textField.map(require) ?? columns.usualText ?? require("text")
        title = try options.titleField.map(require) ?? columns.usualTitle
        for (name, _) in options.columnTypes where columns.index(of: name) == nil {
            warn(.columnMissing(path: file.path, column: name))
        }
    }

    var position: Int { parser.position }

    func next() throws -> Document? {
        if let (fields, line) = first {
            first = nil
            return try document(fields, line: line)
        }
        while let fields = try parser.next() {
            if fields.count == 1, fields[0].isEmpty { continue }
            guard fields.count == columns.count else {
                throw SourceError.malformed(
                    path: file.path, line: parser.recordLine,
                    fault: .fieldCount(found: fields.count, header: columns.count))
            }
            return try document(fields, line: parser.recordLine)
        }
        return nil
    }

    private func document(_ fields: [String], line: Int) throws -> Document {
        var document = Document(
            id: id.map { fields[$0] } ?? "", text: fields[text],
            title: title.map { fields[$0] } ?? "", source: file.place(line))
        if document.id.isEmpty { document.id = file.derivedID(line) }
        for (index, field) in fields.enumerated()
        where index != id && index != text && index != title && !field.isEmpty {
            guard let value = types.value(field, column: index) else {
                throw SourceError.malformed(
                    path: file.path, line: line,
                    fault: .cellType(column: columns[index], expected: types[index], found: field))
            }
            document.metadata[columns[index]] = value
        }
        return document
    }
}
