import FileFormat
import JSON
import TextBytes

/// Reads the documents of one file.
///
/// `next` throws `SourceError`. After an error that concerns a single record it can be called
/// again, and continues with the next record.
protocol RecordReader: AnyObject {
    func next() throws -> Document?
    /// Bytes of the file consumed so far, before decompression.
    var position: Int { get }
}

extension InputFile {
    /// Opens the file and detects its format.
    func open(
        options: SourceOptions, warn: @escaping @Sendable (SourceWarning) -> Void
    ) throws -> any RecordReader {
        try translating {
            if let lines { return try open(lines, options: options) }
            let base =
                path == "-"
                ? DescriptorStream(descriptor: 0, name: "standard input")
                : try DescriptorStream(path: location.bytes, name: path)
            let content = try OpenedFile(base, file: self, options: options, warn: warn)
            let stream = content.stream
            let canReopen = base.size != nil
            let lines = {
                LineReader(stream, limit: options.recordLimit, endings: .detected)
            }
            func whole(_ extractor: some TextExtractor) throws -> WholeFileReader {
                try WholeFileReader(
                    stream, file: self, size: content.isCompressed ? nil : base.size,
                    extractor: extractor, options: options, warn: warn)
            }
            switch content.format {
            case .automatic, .jsonLines:
                let start = try stream.peek(4096, lineIsEnough: true)
                let records: any JSONRecordSource =
                    isJSONLines(start)
                    ? lines() : JSONElementReader(stream, file: self, limit: options.recordLimit)
                return JSONLinesReader(records, file: self, options: options)
            case .tsv:
                guard try isTable(stream, options) else { return TSVReader(lines(), file: self) }
                var options = options
                options.delimiter = options.delimiter ?? 9
                return try csvReader(stream, canReopen: canReopen, options: options, warn: warn)
            case .csv:
                return try csvReader(stream, canReopen: canReopen, options: options, warn: warn)
            case .text: return try whole(PlainTextExtractor())
            case .markdown: return try whole(MarkdownExtractor())
            case .org: return try whole(OrgExtractor())
            case .rst: return try whole(RestructuredTextExtractor())
            case .code: return try whole(CodeExtractor())
            case .html: return try whole(HTMLExtractor())
            case .pdf: return try whole(PDFExtractor())
            case .docx: return try whole(WordExtractor())
            case .odt: return try whole(OpenDocumentExtractor())
            case .epub: return try whole(EPUBExtractor())
            case .notebook: return try whole(NotebookExtractor())
            case .mail: return try whole(MailExtractor())
            case .mailbox: return MailboxReader(lines(), file: self, options: options)
            case .parquet:
                let rows = try ParquetSource.open(
                    self, stream, canReopen: canReopen && !content.isCompressed)
                return JSONLinesReader(
                    LineReader(rows, limit: options.recordLimit), file: self, options: options)
            case .fvecs:
                return try VectorReader(
                    FvecsSource(
                        stream, path: path, size: content.isCompressed ? 0 : size),
                    file: self, options: options)
            case .npy:
                return try VectorReader(
                    NpySource(stream, path: path), file: self, options: options)
            case .npz:
                // Its directory is at its end.
                guard canReopen, !content.isCompressed else {
                    throw SourceError.unusableContent(
                        path: path,
                        reason: "is an .npz archive, which is read only from a plain file")
                }
                return try VectorReader(NpzSource.open(self), file: self, options: options)
            }
        }
    }

    /// Whether JSON is one object a line: not an array, and not a `.json` file whose first line is
    /// only a part of an object.
    func isJSONLines(_ start: ArraySlice<UInt8>) -> Bool {
        let content = start.drop { isSpace($0) || [0xEF, 0xBB, 0xBF].contains($0) }
        if content.first == UInt8(ascii: "[") { return false }
        guard content.first == UInt8(ascii: "{"), SourceFormat.isPlainJSON(path),
            let end = content.firstIndex(where: { $0 == 10 || $0 == 13 })
        else { return true }
        return (try? JSONValue(parsing: content[..<end])) != nil
    }

    /// Whether a TSV file has columns other than an id and a text: a header or the options name them.
    func isTable(_ stream: PeekableStream, _ options: SourceOptions) throws -> Bool {
        if options.delimiter != nil { return true }
        guard options.hasHeader else {
            return options.idField != nil || options.textField != nil || options.titleField != nil
        }
        return try CSVHeader(stream.peek(4096, lineIsEnough: true), separator: 9)
            .names(options, needsID: true)
    }

    /// Column types depend on the whole file, so a file is read twice, and a pipe is buffered to
    /// its end.
    private func csvReader(
        _ stream: any ByteStream, canReopen: Bool, options: SourceOptions,
        warn: (SourceWarning) -> Void
    ) throws -> CSVReader {
        var stream = stream
        let types: CSVColumnTypes
        if canReopen {
            let survey = try OpenedFile(
                DescriptorStream(path: location.bytes, name: path), file: self, options: options,
                warn: { _ in }
            ).stream
            types = try CSVColumnTypes(
                surveying: CSVParser(survey, file: self, options: options), options: options)
        } else {
            let spooled = try SpooledStream(stream)
            types = try CSVColumnTypes(
                surveying: CSVParser(spooled, file: self, options: options), options: options)
            spooled.rewind()
            stream = spooled
        }
        return try CSVReader(stream, types: types, file: self, options: options, warn: warn)
    }

    /// Runs `body` and translates the errors of its streams into `SourceError`.
    func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ByteStreamError {
            throw SourceError(error, path: path)
        } catch let error as LineReader.LineTooLong {
            throw SourceError.recordTooLong(path: path, line: error.line, limit: error.limit)
        }
    }

    func place(_ line: Int) -> Document.Source { Document.Source(path: source, position: line) }

    /// A stable id for a record without one; empty if it is derived from the content (see
    /// `streamID`).
    func derivedID(_ line: Int) -> String { name.isEmpty ? "" : "\(name):\(line)" }

    /// The id of a document from a stream that gives it none. It is derived from the content, so
    /// that a document at the same place of another stream does not replace it, and the same
    /// document is recognized.
    static func streamID(of document: Document) -> String { "stdin:" + document.contentID }

    /// Checks that bytes are text: UTF-8 without NUL.
    func checkText(_ bytes: UnsafeBufferPointer<UInt8>, line: Int) throws(SourceError) {
        if let offset = UTF8Check.firstInvalidByte(in: bytes) {
            throw .notUTF8(path: path, line: line, column: offset + 1)
        }
        if bytes.contains(0) { throw .containsNUL(path: path, line: line) }
    }
}

extension SourceError {
    init(_ error: ByteStreamError, path: String) {
        switch error {
        case .missing: self = .missing(path: path)
        case .isFolder, .system: self = .unreadable(path: path, reason: error.fact)
        case .libraryMissing(_, let library, let package):
            self = .libraryMissing(path: path, library: library, package: package)
        case .damaged, .cutShort, .needsTooMuchMemory, .programFailed:
            self = .damaged(path: path, reason: error.fact)
        case .undecodable(_, let encoding, let offset):
            self = .undecodable(path: path, encoding: encoding, byte: offset + 1)
        }
    }
}
