import FileFormat
import TextBytes

/// Finds the text in a file of one format.
///
/// An implementation is one format in one file. It takes all of the file's bytes, at most
/// ``SourceOptions/recordLimit``, and must bound its own memory and time: the bytes may have been
/// crafted.
protocol TextExtractor: Sendable {
    /// The documents in a file, usually one. Those of white space only are left out.
    func extract(_ content: FileContent) throws -> [ExtractedText]
}

/// All bytes of a file.
struct FileContent {
    /// Decompressed and, for a format that is text, in UTF-8 if the encoding is known.
    let bytes: [UInt8]
    let file: InputFile
    let options: SourceOptions
    let warn: (SourceWarning) -> Void
}

/// A document found in a file.
struct ExtractedText {
    var text: String
    /// Empty for the file's name.
    var title = ""
    var layout = TextLayout.plain
    var metadata: JSONObject = [:]
    /// What distinguishes this document's id from others of the file.
    var part: String?
}

/// Reads a file whole, and yields the documents that an extractor finds in it.
final class WholeFileReader: RecordReader {
    private let stream: any ByteStream
    private let file: InputFile
    private let extractor: any TextExtractor
    private let options: SourceOptions
    private let warn: (SourceWarning) -> Void
    private var documents: ArraySlice<Document>?
    /// Whether the file was read and has nothing but white space.
    private(set) var isBlank = false

    init(
        _ stream: any ByteStream, file: InputFile, extractor: any TextExtractor,
        options: SourceOptions, warn: @escaping (SourceWarning) -> Void
    ) {
        self.stream = stream
        self.file = file
        self.extractor = extractor
        self.options = options
        self.warn = warn
    }

    var position: Int { stream.position }
    var path: String { file.path }

    func next() throws -> Document? {
        if documents == nil {
            documents = []
            let content = FileContent(
                bytes: try file.translating { try readAll() }, file: file, options: options,
                warn: warn)
            let found = try extractor.extract(content).filter { found in
                !found.text.utf8.allSatisfy { isSpace($0) }
            }
            isBlank = found.isEmpty
            documents = found.enumerated().map { document($1, at: $0 + 1) }[...]
        }
        return documents?.popFirst()
    }

    private func document(_ found: ExtractedText, at position: Int) -> Document {
        let isPiped = file.path == "-"
        var document = Document(
            id: found.part.map { file.name.isEmpty ? "" : "\(file.name)#\($0)" } ?? file.name,
            text: found.text, title: found.title, metadata: found.metadata,
            source: file.place(position), layout: found.layout)
        if !isPiped { document.metadata["file"] = .object(file.metadata) }
        if document.title.isEmpty, !isPiped {
            document.title = SourceFormat.title(ofFile: file.path)
        }
        return document
    }

    private func readAll() throws -> [UInt8] {
        let limit = options.recordLimit
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
}

extension FileContent {
    /// The text without front matter, and the front matter if there is any.
    func textAndFrontMatter() throws -> (text: String, matter: FrontMatter?) {
        let text = try text()
        switch FrontMatter.split(text) {
        case .none: return (text, nil)
        case .found(let matter): return (matter.body, matter)
        case .unreadable:
            warn(.unreadableFrontMatter(path: file.path))
            return (text, nil)
        }
    }

    /// The bytes as text with LF line ends, without a byte order mark.
    ///
    /// CR LF becomes LF, as does CR in a text without any LF. Bytes that are not UTF-8 but look like
    /// Windows-1252 are read as that, with a warning.
    func text() throws -> String {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if let offset = bytes.withUnsafeBufferPointer({ UTF8Check.firstInvalidByte(in: $0) }) {
            if TextSniffer.looksLikeWindows1252(bytes, isWhole: true) {
                warn(.assumedWindows1252(path: file.path))
                let text = try file.translating {
                    try TranscodingStream.text(Array(bytes), from: .windows1252, name: file.path)
                }
                return Self.withLineFeeds(text)
            }
            let (line, column) = Self.place(of: offset, in: bytes)
            throw SourceError.notUTF8(path: file.path, line: line, column: column)
        }
        if let index = bytes.firstIndex(of: 0) {
            let line = Self.place(of: index - bytes.startIndex, in: bytes).line
            throw SourceError.containsNUL(path: file.path, line: line)
        }
        return Self.withLineFeeds(String(decoding: bytes, as: UTF8.self))
    }

    private static func withLineFeeds(_ text: String) -> String {
        guard text.utf8.contains(13) else { return text }
        let hasLineFeed = text.utf8.contains(10)
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var before: UInt8 = 0
        for byte in text.utf8 {
            if byte == 10, before == 13, hasLineFeed { result.removeLast() }
            result.append(byte == 13 && !hasLineFeed ? 10 : byte)
            before = byte
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func place(
        of offset: Int, in bytes: ArraySlice<UInt8>
    ) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? bytes.startIndex
        return (before.count { $0 == 10 } + 1, before.endIndex - lineStart + 1)
    }
}
