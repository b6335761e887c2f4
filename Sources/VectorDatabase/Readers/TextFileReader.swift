import FileFormat
import Foundation
import TextBytes

/// Reads a file of text or Markdown as one document, titled by its first heading, else by its name.
///
/// CR LF becomes LF, as does CR in a text without any LF; the byte order mark is dropped. A file of
/// white space only has no document.
final class TextFileReader: RecordReader {
    private let stream: any ByteStream
    private let file: InputFile
    private let isMarkdown: Bool
    private let limit: Int
    private var isDone = false
    /// Whether the file was read and has nothing but white space.
    private(set) var isBlank = false

    init(
        _ stream: any ByteStream, file: InputFile, isMarkdown: Bool, options: SourceOptions
    ) {
        self.stream = stream
        self.file = file
        self.isMarkdown = isMarkdown
        limit = options.recordLimit
    }

    var position: Int { stream.position }
    var path: String { file.path }

    func next() throws -> Document? {
        if isDone { return nil }
        isDone = true
        let bytes = try file.translating { try readAll() }
        let text = try text(in: bytes)
        if text.utf8.allSatisfy({ isSpace($0) }) {
            isBlank = true
            return nil
        }
        return Document(
            id: file.name, text: text, title: title(of: text), source: file.place(1),
            layout: isMarkdown ? .markdown : .plain)
    }

    private func readAll() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(max(file.size + 1, 4096), 1 << 20))
        var count = 0
        while true {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: count)) }
            let got = try bytes.withUnsafeMutableBytes {
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
            }
            if got == 0 { break }
            count += got
            if count > limit { throw SourceError.fileTooLarge(path: file.path, limit: limit) }
        }
        bytes.removeSubrange(count...)
        return bytes
    }

    private func text(in bytes: [UInt8]) throws(SourceError) -> String {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw .malformed(
                path: file.path, line: 1,
                fault: .utf16)
        }
        var bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if let offset = bytes.withUnsafeBufferPointer({ UTF8Check.firstInvalidByte(in: $0) }) {
            let (line, column) = Self.place(of: offset, in: bytes)
            throw .notUTF8(path: file.path, line: line, column: column)
        }
        if let offset = bytes.firstIndex(of: 0) {
            throw .containsNUL(path: file.path, line: Self.place(of: offset, in: bytes).line)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(13) else { return text }
        return text.replacingOccurrences(of: bytes.contains(10) ? "\r\n" : "\r", with: "\n")
    }

    private static func place(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
        return (before.count { $0 == 10 } + 1, offset - lineStart + 1)
    }

    private func title(of text: String) -> String {
        if isMarkdown {
            var segmenter = TextSegmenter(Array(text.utf8), isMarkdown: true)
            if let heading = segmenter.segments().first(where: { $0.kind == .heading }) {
                let lines = String(decoding: Array(text.utf8)[heading.range], as: UTF8.self)
                let title = (lines.split(separator: "\n").first ?? "")
                    .trimmingCharacters(in: CharacterSet(charactersIn: "# \t\r"))
                if !title.isEmpty { return title }
            }
        }
        var name = (file.path as NSString).lastPathComponent
        if file.path == "-" { return "" }
        while SourceFormat.of(fileName: name) != nil {
            name = (name as NSString).deletingPathExtension
        }
        return name
    }
}
