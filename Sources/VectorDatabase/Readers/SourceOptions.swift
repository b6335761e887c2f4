/// How files of documents are read.
public struct SourceOptions: Sendable {
    /// The format of all files; `automatic` decides for each file.
    public var format: SourceFormat = .automatic

    /// The key or column of the id; `nil` for `_id`, else `id`.
    public var idField: String?
    /// The key or column of the text; `nil` for `text`.
    public var textField: String?
    /// The key or column of the title; `nil` for `title`.
    public var titleField: String?

    /// The separator of CSV fields: an ASCII character other than a quote or a line ending. `nil`
    /// for whichever of comma, semicolon and tab is most frequent in the first line.
    public var delimiter: UInt8?

    /// For `.fvecs` and `.npy`: the path of a file with one id per line, or of JSON Lines with one
    /// document per vector.
    public var idsPath: String?

    /// Whether documents of standard input without an id are numbered (`stdin:1` …), as queries
    /// are, instead of getting ids derived from their content.
    public var numbersStreams = false

    /// Whether an unreadable file or record is counted and skipped instead of ending the iteration.
    /// For files found in folders that is always so.
    public var skipsFailures = false

    /// The most bytes of a line, a CSV record or a text file.
    public var recordLimit = 64 << 20

    /// Derived ids of documents in files below this folder begin with the path relative to it, so
    /// that they do not depend on where the program runs; `nil` for the current folder.
    public var baseFolder: String?

    /// The defaults: detect formats, stop at the first unreadable file or record, at most 64 MiB
    /// per record.
    public init() {}
}

/// The format of a file of documents.
public enum SourceFormat: String, Sendable, CaseIterable, Codable {
    /// Detected by the file name's extension, else by content.
    case automatic = "auto"
    /// JSON Lines: one object per line.
    case jsonLines = "jsonl"
    /// `id<TAB>text` on each line; with a header that names the columns, read as CSV with tabs.
    case tsv
    /// CSV (RFC 4180) with a header.
    case csv
    /// Plain text: the file is one document.
    case text
    /// Markdown: the file is one document, titled by its first heading.
    case markdown
    /// Vectors, each a 32-bit dimension and as many 32-bit floats, little-endian.
    case fvecs
    /// Vectors as a two-dimensional NumPy array.
    case npy

    /// - Parameter name: a file name; an extension for compression is ignored.
    static func of(fileName name: String) -> SourceFormat? {
        var parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if let last = parts.last, ["gz", "gzip", "zst", "zstd"].contains(last) {
            parts.removeLast()
        }
        guard parts.count > 1, let last = parts.last else { return nil }
        return switch last {
        case "jsonl", "ndjson", "json": .jsonLines
        case "tsv": .tsv
        case "csv": .csv
        case "txt", "text", "rst", "adoc", "asciidoc", "org": .text
        case "md", "markdown", "mdown", "mkd", "mdx": .markdown
        case "fvecs": .fvecs
        case "npy": .npy
        default: nil
        }
    }

    /// - Parameter start: the first few thousand bytes, decompressed.
    static func of(content start: ArraySlice<UInt8>, options: SourceOptions) -> SourceFormat? {
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return .npy }
        if start.contains(0) { return nil }
        let first = start.first { !isSpace($0) && ![0xEF, 0xBB, 0xBF].contains($0) }
        if first == UInt8(ascii: "{") { return .jsonLines }
        let header = CSVHeader(start, separator: options.delimiter)
        if header.names(options, needsID: header.isTabbed) { return .csv }
        return start.prefix { $0 != 10 && $0 != 13 }.contains(9) ? .tsv : .text
    }
}
