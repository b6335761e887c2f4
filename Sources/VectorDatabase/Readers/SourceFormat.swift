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
    /// Vectors, each a 32-bit dimension and as many 32-bit floats, little-endian.
    case fvecs
    /// Vectors as a two-dimensional NumPy array.
    case npy
}

extension SourceFormat {
    /// Whether files of this format are read in a folder if no format is requested. Vectors are not,
    /// since they need ids.
    var isReadInFolders: Bool { self != .fvecs && self != .npy }

    /// Whether the format is bytes rather than text in some encoding.
    var isBinary: Bool {
        switch self {
        case .fvecs, .npy: true
        default: false
        }
    }

    /// The extensions of compressed files, which are ignored.
    static let compressions: Set<String> = ["gz", "gzip", "zst", "zstd", "bz2", "xz"]

    /// - Parameter name: a file name; an extension for compression is ignored.
    static func of(fileName name: String) -> SourceFormat? {
        var parts = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        if let last = parts.last, compressions.contains(String(last)) { parts.removeLast() }
        guard parts.count > 1, let last = parts.last else { return nil }
        return byExtension[String(last)]
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
            .fvecs: "fvecs",
            .npy: "npy",
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
        return nil
    }

    /// - Parameter start: the first few thousand bytes, decompressed, as UTF-8.
    static func of(content start: ArraySlice<UInt8>, options: SourceOptions) -> SourceFormat? {
        if let format = of(signature: start) { return format }
        if start.contains(0) { return nil }
        let first = start.first { !isSpace($0) && ![0xEF, 0xBB, 0xBF].contains($0) }
        if first == UInt8(ascii: "{") { return .jsonLines }
        let header = CSVHeader(start, separator: options.delimiter)
        if header.names(options, needsID: header.isTabbed) { return .csv }
        return start.prefix { $0 != 10 && $0 != 13 }.contains(9) ? .tsv : .text
    }
}
