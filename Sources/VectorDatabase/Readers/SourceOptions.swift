/// How files of documents are read.
public struct SourceOptions: Sendable {
    public var format: SourceFormat = .automatic

    /// The key or column that holds the identifier; `nil`: `_id`, else `id`.
    public var idField: String?
    /// The key or column that holds the text; `nil`: `text`.
    public var textField: String?
    /// The key or column that holds the title; `nil`: `title`.
    public var titleField: String?

    /// What separates the fields of CSV: an ASCII character other than a quote or a line's end; `nil`:
    /// comma, semicolon or tab, whichever the first line has most of.
    public var delimiter: UInt8?

    /// For `.fvecs` and `.npy`: a file with an identifier on each line, or JSON Lines with whole
    /// documents, one for each vector.
    public var idsPath: String?

    /// Whether documents of standard input that have no id are numbered (`stdin:1` …), as queries
    /// are, instead of having ids derived from their content.
    public var numbersStreams = false

    /// Whether a file or record that cannot be read is counted and left out, rather than ending the
    /// whole. For files found in folders it always is.
    public var skipsFailures = false

    /// Bytes of a line, a CSV record or a text file, at most.
    public var recordLimit = 64 << 20

    /// Files beneath this folder give their documents identifiers relative to it, so that these
    /// stay the same wherever the program is run; `nil`: the current folder.
    public var baseFolder: String?

    public init() {}
}

/// What a file of documents looks like inside.
public enum SourceFormat: String, Sendable, CaseIterable, Codable {
    /// By the file name's extension, else by content.
    case automatic = "auto"
    /// One JSON object a line.
    case jsonLines = "jsonl"
    /// `id<TAB>text` a line; with a header that names these columns, as CSV.
    case tsv
    /// RFC 4180, with a header.
    case csv
    /// The file is one document.
    case text
    /// The file is one document, titled by its first heading.
    case markdown
    /// Vectors: each a 32-bit dimension and as many 32-bit floats, little-endian.
    case fvecs
    /// Vectors: a NumPy array of two dimensions.
    case npy

    /// - Parameter name: a file name; an extension that tells of compression is passed over.
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
