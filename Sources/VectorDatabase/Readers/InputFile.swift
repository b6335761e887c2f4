import FileFormat
import Foundation

/// A file that documents will be read from.
struct InputFile: Sendable, Equatable {
    /// As it is named in messages; `-` is standard input.
    var path: String
    /// What is opened.
    var location: SourcePath
    /// What identifies it in the database: its absolute path, or `-`.
    var source: String
    /// What the ids of its documents are derived from; empty for a stream, whose documents have ids
    /// derived from their content.
    var name: String
    /// `nil`: to be told from its content.
    var format: SourceFormat?
    /// Bytes; 0 where that is not known.
    var size: Int
    /// Whether it was found in a folder, rather than named.
    var isFromFolder = false
}

extension InputFile {
    /// A file beside the ones that are walked, such as one of identifiers.
    init(path: String, source: String = "", name: String = "") {
        self.init(
            path: path, location: SourcePath(path), source: source, name: name, format: nil,
            size: 0)
    }
}
