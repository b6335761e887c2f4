import FileFormat
import Foundation
import JSON

/// A file to read documents from.
struct InputFile: Sendable, Equatable {
    /// The name in messages; `-` for standard input.
    var path: String
    /// The path to open.
    var location: SourcePath
    /// The file's identity in the database: its absolute path, or `-`.
    var source: String
    /// The prefix of derived document ids; empty for a stream, whose ids are derived from the
    /// content.
    var name: String
    /// `nil` to detect it from the content.
    var format: SourceFormat?
    /// Bytes; 0 if that is not known.
    var size: Int
    /// Whether the size is not known: standard input, a pipe.
    var isStream = false
    /// The time of the last change, in seconds since 1970; 0 if that is not known.
    var modified = 0
    /// What changes with the content; `nil` if it is not known.
    var version: FolderListing.Version?
    /// Whether it was found in a folder, rather than given.
    var isFromFolder = false
    /// The number of the given path by which it was found, from 0.
    var argument = 0
    /// The part that is read; `nil` for all of it.
    var lines: LineRange?
}

extension InputFile {
    /// Whether the file is as likely to hold something else as documents: JSON or Parquet that was found
    /// in a folder.
    var mayBeNoDocuments: Bool {
        isFromFolder
            && (format == .jsonLines && SourceFormat.isPlainJSON(path) || format == .parquet)
    }

    /// A file that was not found by a walk, such as a file of ids.
    init(path: String, source: String = "", name: String = "") {
        self.init(
            path: path, location: SourcePath(path), source: source, name: name, format: nil,
            size: 0)
    }

    /// What is known of the file, as metadata of its documents: `path` as in their ids, `name`,
    /// `extension` in lower case, `size` in bytes, and `modified`, the time of the last change in UTC.
    var metadata: JSONObject {
        let last = name.split(separator: "/").last.map(String.init) ?? name
        let ending = last.lastIndex(of: ".").flatMap { dot in
            dot == last.startIndex ? nil : last[last.index(after: dot)...].lowercased()
        }
        var metadata: JSONObject = ["path": .string(name), "name": .string(last)]
        if let ending, !ending.isEmpty { metadata["extension"] = .string(ending) }
        metadata["size"] = .integer(Int64(size))
        metadata["modified"] = .string(
            Date(timeIntervalSince1970: Double(modified)).formatted(.iso8601))
        return metadata
    }
}
