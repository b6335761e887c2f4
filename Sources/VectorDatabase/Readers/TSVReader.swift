import FileFormat

/// Reads TSV without a header, `id<TAB>text` on each line, as in MS MARCO's `collection.tsv`. A
/// file with a header is read by `CSVReader`.
///
/// Tabs after the first belong to the text. Empty lines are skipped.
final class TSVReader: RecordReader {
    private let lines: LineReader
    private let file: InputFile

    init(_ lines: LineReader, file: InputFile) {
        self.lines = lines
        self.file = file
    }

    var position: Int { lines.position }

    func next() throws -> Document? {
        while true {
            let result = try file.translating {
                try lines.next { bytes -> Document? in
                    if bytes.allSatisfy({ isSpace($0) }) { return nil }
                    return try document(in: bytes)
                }
            }
            guard let result else { return nil }
            if let result { return result }
        }
    }

    private func document(in bytes: UnsafeBufferPointer<UInt8>) throws(SourceError) -> Document {
        try file.checkText(bytes, line: lines.line)
        guard let tab = bytes.firstIndex(of: 9) else {
            throw .malformed(
                path: file.path, line: lines.line,
                fault: .noTab)
        }
        guard tab > 0 else {
            throw .malformed(
                path: file.path, line: lines.line,
                fault: .noIDBeforeTab)
        }
        return Document(
            id: String(decoding: bytes[..<tab], as: UTF8.self),
            text: String(decoding: bytes[(tab + 1)...], as: UTF8.self),
            source: file.place(lines.line))
    }
}
