import FileFormat
import Foundation

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
    /// Org mode: the file is one document, titled by `#+TITLE:`, else by its first heading.
    case org
    /// reStructuredText: the file is one document, titled by its first heading.
    case rst
    /// Source code: the file is one document, cut at blank lines and definitions.
    case code
    /// HTML: the text that a reader sees.
    case html
    /// PDF, by poppler's programs.
    case pdf
    /// Word documents (Office Open XML).
    case docx
    /// OpenDocument texts.
    case odt
    /// Electronic books.
    case epub
    /// Jupyter notebooks, without outputs.
    case notebook = "ipynb"
    /// A message of electronic mail.
    case mail = "eml"
    /// A mailbox of messages.
    case mailbox = "mbox"
    /// Rows of a Parquet file, by DuckDB's program; the columns are those of JSON Lines.
    case parquet
    /// Vectors, each a 32-bit dimension and as many 32-bit floats, little-endian.
    case fvecs
    /// Vectors as a two-dimensional NumPy array.
    case npy
    /// NumPy's archive of arrays, one of which is the vectors.
    case npz
}

extension SourceFormat {
    /// Whether files of this format are read in a folder if no format is requested. Vectors are not,
    /// since they need ids.
    var isReadInFolders: Bool { ![.fvecs, .npy, .npz].contains(self) }

    /// Whether the format is bytes rather than text in some encoding.
    var isBinary: Bool {
        switch self {
        case .parquet, .fvecs, .npy, .npz, .pdf, .docx, .odt, .epub, .mail, .mailbox: true
        default: false
        }
    }

    /// The extensions of compressed files, which are ignored.
    static let compressions: Set<String> = ["gz", "gzip", "zst", "zstd", "bz2", "xz"]

    /// - Parameter name: a file name; an extension for compression is ignored.
    static func of(fileName name: String) -> SourceFormat? {
        pathExtension(of: name).flatMap { byExtension[$0] }
    }

    /// Whether a file is named as JSON rather than as JSON Lines.
    static func isPlainJSON(_ path: String) -> Bool { pathExtension(of: path) == "json" }

    /// The extension in lower case, apart from one for compression.
    private static func pathExtension(of name: String) -> String? {
        var parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if let last = parts.last, compressions.contains(String(last)) { parts.removeLast() }
        return parts.count > 1 ? parts.last.map(String.init) : nil
    }

    /// A file's name without the extensions that say its format.
    static func title(ofFile path: String) -> String {
        var name = (path as NSString).lastPathComponent
        while of(fileName: name) != nil {
            let shorter = (name as NSString).deletingPathExtension
            // A name such as `.md` is all extension.
            if shorter == name || shorter.isEmpty { break }
            name = shorter
        }
        return name
    }

    private static let byExtension: [String: SourceFormat] = {
        let extensions: [SourceFormat: String] = [
            .jsonLines: "jsonl ndjson json",
            .tsv: "tsv",
            .csv: "csv",
            .text: "txt text adoc asciidoc",
            .markdown: "md markdown mdown mkd mdx",
            .org: "org",
            .rst: "rst rest",
            .code: """
            swift py pyi js mjs cjs jsx ts tsx c h cc cpp cxx hh hpp hxx m mm cs java kt kts scala go rs \
            rb php pl pm lua sh bash zsh fish ps1 sql r jl hs ml mli ex exs erl clj cljs el lisp scm \
            dart vue svelte zig nim v f90 f95 pas vb groovy gradle proto tex
            """,
            .html: "html htm xhtml",
            .pdf: "pdf",
            .docx: "docx docm",
            .odt: "odt ott",
            .epub: "epub",
            .notebook: "ipynb",
            .mail: "eml",
            .mailbox: "mbox",
            .parquet: "parquet",
            .fvecs: "fvecs",
            .npy: "npy",
            .npz: "npz",
        ]
        var result: [String: SourceFormat] = [:]
        for (format, names) in extensions {
            for name in names.split(separator: " ") { result[String(name)] = format }
        }
        return result
    }()

    /// A binary format, by its first bytes.
    static func of(signature start: ArraySlice<UInt8>) -> SourceFormat? {
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return .npy }
        if start.starts(with: "%PDF-".utf8) { return .pdf }
        if start.starts(with: "PAR1".utf8) { return .parquet }
        guard start.starts(with: [0x50, 0x4B, 3, 4]) else { return nil }
        // The first entries of a ZIP archive tell what it is.
        func has(_ text: String) -> Bool { start.contains(text) }
        if has("mimetypeapplication/epub+zip") { return .epub }
        if has("mimetypeapplication/vnd.oasis.opendocument.text") { return .odt }
        if has("[Content_Types].xml"), has("word/") { return .docx }
        return start.dropFirst(30).prefix(200).contains(".npy") ? .npz : nil
    }

    /// - Parameter start: the first few thousand bytes, decompressed, as UTF-8.
    static func of(content start: ArraySlice<UInt8>, options: SourceOptions) -> SourceFormat? {
        if let format = of(signature: start) { return format }
        if start.contains(0) { return nil }
        let first = start.first { !isSpace($0) && ![0xEF, 0xBB, 0xBF].contains($0) }
        if first == UInt8(ascii: "{") || isArrayOfObjects(start) { return .jsonLines }
        let opening = String(decoding: start.prefix(512), as: UTF8.self).lowercased()
            .drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        if opening.hasPrefix("<!doctype html") || opening.hasPrefix("<html") { return .html }
        let header = CSVHeader(start, separator: options.delimiter)
        if header.names(options, needsID: header.isTabbed) { return .csv }
        return start.prefix { $0 != 10 && $0 != 13 }.contains(9) ? .tsv : .text
    }

    private static func isArrayOfObjects(_ start: ArraySlice<UInt8>) -> Bool {
        let content = start.filter { !isSpace($0) && ![0xEF, 0xBB, 0xBF].contains($0) }
        return content.starts(with: "[{".utf8)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard count >= wanted.count else { return false }
        return (startIndex...(endIndex - wanted.count)).contains {
            self[$0...].starts(with: wanted)
        }
    }
}
