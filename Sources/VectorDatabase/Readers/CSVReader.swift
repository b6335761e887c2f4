import FileFormat
import JSON

/// Reads CSV (RFC 4180) with a header: each row is a document; quoted fields may span lines.
///
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

    /// - Parameter types: the result of surveying the same file.
    init(
        _ stream: any ByteStream, types: CSVColumnTypes, file: InputFile, options: SourceOptions
    ) throws {
        self.file = file
        self.types = types
        parser = CSVParser(stream, file: file, options: options)
        guard let header = try parser.next() else {
            throw SourceError.malformed(path: file.path, line: 1, fault: .emptyFile)
        }
        let columns = header.map(\.trimmingSpaces)
        for (index, column) in columns.enumerated()
        where columns[..<index].contains(where: { $0.utf8.elementsEqual(column.utf8) }) {
            throw SourceError.malformed(path: file.path, line: 1, fault: .duplicateColumn(column))
        }
        self.columns = columns
        func find(_ column: String) -> Int? {
            columns.firstIndex { $0.utf8.elementsEqual(column.utf8) }
        }
        func require(_ column: String) throws -> Int {
            guard let index = find(column) else {
                throw SourceError.missingColumn(path: file.path, column: column, columns: columns)
            }
            return index
        }
        id = try options.idField.map(require) ?? find("_id") ?? find("id")
        text = try require(options.textField ?? "text")
        title = try options.titleField.map(require) ?? find("title")
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
            document.metadata[columns[index]] = types.value(field, column: index)
        }
        return document
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
