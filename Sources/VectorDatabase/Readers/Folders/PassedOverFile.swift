/// A file in a folder that was skipped by design; it is not a failure.
public struct PassedOverFile: Sendable, Hashable {
    /// Why a file was skipped.
    public enum Reason: Sendable, Hashable, CaseIterable {
        /// Its extension is none that is read, or not that of the requested format.
        case name
        /// It has no content but white space.
        case empty
        /// It is JSON or Parquet, but of no documents: settings, for instance.
        case noDocuments
        /// It is a link to a file or folder that has been read, or to a folder around it.
        case alreadyRead
        /// It is a pipe, a socket or a device.
        case special
        /// A `.gitignore` or `.ignore` file has a rule against it.
        case ignored
        /// ``FileSelection/include`` or ``FileSelection/exclude`` has no place for it.
        case excluded
        /// Its name begins with a dot.
        case hidden
    }

    /// The file's or folder's path, as text; see ``SourcePath``.
    public let path: String
    /// Why it was skipped.
    public let reason: Reason
}

/// A file, folder or record that could not be read and was skipped.
public struct SourceFailure: Sendable, Equatable {
    /// Why it could not be read.
    public let error: SourceError
    /// The file as ``Document/Source/path`` names it, or the folder's absolute path.
    public let source: String
    /// Whether the file was found in a folder, rather than given.
    public let isFromFolder: Bool
}

/// Something in a file that was read which its owner should know.
public enum SourceWarning: Sendable, Hashable {
    /// A text is not UTF-8; it was read as Windows-1252, which is likely but not certain.
    case assumedWindows1252(path: String)
    /// What looks like front matter could not be read, and is part of the text.
    case unreadableFrontMatter(path: String)
    /// A CSV file has no such column, whose type ``SourceOptions/columnTypes`` gives.
    case columnMissing(path: String, column: String)

    /// The file's path, as text; see ``SourcePath``.
    public var path: String {
        switch self {
        case .assumedWindows1252(let path), .unreadableFrontMatter(let path),
            .columnMissing(let path, _):
            path
        }
    }
}
