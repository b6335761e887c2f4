import FileFormat
import TextBytes

/// The files that a ``DocumentReader`` found, by which a later one reads only what has changed since.
///
/// A file has changed if its size, its times or its inode have.
public struct SourceSnapshot: Sendable {
    private var versions: [Identifier: FolderListing.Version?] = [:]
    /// The folders in which a change would be seen.
    package let folders: [SourcePath]

    init(_ walk: FileWalk) {
        folders = walk.folders
        for file in walk.files { versions[Identifier(file.source)] = .some(file.version) }
    }

    /// The files, as ``Document/Source/path`` names them.
    public var sources: Set<Identifier> { Set(versions.keys) }

    /// Whether there are no files.
    public var isEmpty: Bool { versions.isEmpty }

    /// Whether a file is as it was.
    func has(_ file: InputFile) -> Bool {
        guard let version = versions[Identifier(file.source)], let version else { return false }
        return version == file.version
    }

    /// The files that another snapshot does not have.
    func sources(missingIn other: SourceSnapshot) -> [String] {
        versions.keys.filter { other.versions[$0] == nil }.sorted().map(\.text)
    }
}
