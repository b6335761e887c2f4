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
    /// Whether a part of a file is a text on its own, so that a long file can be read in parts.
    var readsParts: Bool { get }
}

extension TextExtractor {
    var readsParts: Bool { false }
}

/// All bytes of a file.
struct FileContent {
    /// Decompressed and, for a format that is text, in UTF-8 if the encoding is known.
    let bytes: [UInt8]
    let file: InputFile
    let options: SourceOptions
    let warn: (SourceWarning) -> Void
    /// The lines of the file before the bytes.
    var linesBefore = 0
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

/// Reads a file whole, and yields the documents that an extractor finds in it. A text that is too long
/// for that becomes several documents, one for each part.
final class WholeFileReader: RecordReader {
    private let stream: any ByteStream
    private var parts: FileParts
    private let file: InputFile
    private let extractor: any TextExtractor
    private let options: SourceOptions
    private let warn: (SourceWarning) -> Void
    private var documents: ArraySlice<Document> = []
    /// What the first part of a long text says of the others.
    private var first: ExtractedText?
    /// Whether the file was read and has nothing but white space.
    private(set) var isBlank = false

    /// The most bytes of a part.
    private static let partSize = 4 << 20

    /// - Parameter size: the file's bytes as they are read; `nil` if that is not known.
    init(
        _ stream: any ByteStream, file: InputFile, size: Int?, extractor: any TextExtractor,
        options: SourceOptions, warn: @escaping (SourceWarning) -> Void
    ) throws {
        self.stream = stream
        let limit = options.recordLimit
        parts = try FileParts(
            stream, path: file.path, size: size, limit: limit,
            partSize: extractor.readsParts ? min(Self.partSize, limit) : nil)
        self.file = file
        self.extractor = extractor
        self.options = options
        self.warn = warn
    }

    var position: Int { stream.position }
    var path: String { file.path }

    func next() throws -> Document? {
        while true {
            if let document = documents.popFirst() { return document }
            guard let bytes = try file.translating({ try parts.next() }) else { return nil }
            let content = FileContent(
                bytes: Array(bytes), file: file, options: options, warn: warn,
                linesBefore: parts.linesBefore)
            let found = try texts(content).filter { found in
                !found.text.utf8.allSatisfy { isSpace($0) }
            }
            isBlank = found.isEmpty && (parts.count == 1 || isBlank)
            documents =
                found.enumerated().map {
                    document($1, at: parts.isLong ? parts.count : $0 + 1)
                }[...]
        }
    }

    private func texts(_ content: FileContent) throws -> [ExtractedText] {
        guard parts.isLong else { return try extractor.extract(content) }
        var found: ExtractedText?
        if var part = first {
            part.text = try content.text()
            found = part
        } else {
            found = try extractor.extract(content).first
            first = found
        }
        // The first part has the file's own id.
        if parts.count > 1 { found?.part = "\(parts.count)" }
        return found.map { [$0] } ?? []
    }

    private func document(_ found: ExtractedText, at position: Int) -> Document {
        let isPiped = file.path == "-"
        var document = Document(
            id: found.part.map { file.name.isEmpty ? "" : "\(file.name)#\($0)" } ?? file.name,
            text: found.text, title: found.title, metadata: found.metadata,
            source: file.place(position), layout: found.layout)
        if !isPiped {
            var metadata = file.metadata
            if parts.isLong { metadata["part"] = .integer(Int64(parts.count)) }
            document.metadata["file"] = .object(metadata)
        }
        if document.title.isEmpty, !isPiped {
            document.title = SourceFormat.title(ofFile: file.path)
        }
        return document
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
            let (line, column) = place(of: offset, in: bytes)
            throw SourceError.notUTF8(path: file.path, line: line, column: column)
        }
        if let index = bytes.firstIndex(of: 0) {
            let line = place(of: index - bytes.startIndex, in: bytes).line
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

    private func place(
        of offset: Int, in bytes: ArraySlice<UInt8>
    ) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? bytes.startIndex
        return (linesBefore + before.count { $0 == 10 } + 1, before.endIndex - lineStart + 1)
    }
}
