import FileFormat

/// A file's bytes, decompressed and, for a text, in UTF-8; and its format.
struct OpenedFile {
    let stream: PeekableStream
    let format: SourceFormat
    let isCompressed: Bool
    /// Whether the file is a text in another encoding than UTF-8.
    let isTranscoded: Bool

    /// The first bytes that tell whether a text is UTF-8.
    private static let sample = 1 << 16

    /// - Parameter warn: called if an encoding is assumed.
    init(
        _ base: any ByteStream, file: InputFile, options: SourceOptions,
        warn: (SourceWarning) -> Void
    ) throws {
        var (stream, compression) = try decompressing(base)
        var start = try stream.peek(4096, lineIsEnough: true)
        var isTranscoded = false
        var format = file.format ?? SourceFormat.of(signature: start)
        func transcode(from encoding: TextEncoding) throws {
            isTranscoded = true
            stream = PeekableStream(try TranscodingStream(stream, from: encoding))
            start = try stream.peek(4096, lineIsEnough: true)
        }
        if format?.isBinary != true {
            if let encoding = TextEncoding(byteOrderMark: start) {
                try transcode(from: encoding)
            } else if let encoding = options.encoding,
                try !TextSniffer.isCertainlyUTF8(
                    stream.peek(Self.sample, lineIsEnough: true), isWhole: false)
            {
                try transcode(from: TextEncoding(unchecked: encoding))
            }
        }
        format = format ?? SourceFormat.of(content: start, options: options)
        guard let format else { throw SourceError.unknownFormat(path: file.path) }
        // Spreadsheets write CSV in the encoding of the system. Whole texts are judged as a whole.
        if format == .csv || format == .tsv,
            try TextSniffer.looksLikeWindows1252(
                stream.peek(Self.sample, lineIsEnough: true), isWhole: false)
        {
            try transcode(from: .windows1252)
            warn(.assumedWindows1252(path: file.path))
        }
        self.stream = stream
        self.format = format
        isCompressed = compression != nil
        self.isTranscoded = isTranscoded
    }
}
