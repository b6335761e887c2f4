import DocumentStore
import FileFormat
import LexicalIndex

/// Writes a collection's lexical index. For the one writer of the database only.
struct LexicalCacheWriter {
    let record: CollectionRecord
    let files: LexicalCacheFiles
    let store: DocumentStore
    let policy: CachePolicy

    /// - Parameter follower: a follower to bring up to date and save instead of starting a new one.
    func update(_ extent: CacheExtent, follower: LexicalFollower? = nil) throws {
        guard record.passageCount > 0 else { return files.remove() }
        let follower = try follower ?? newFollower(ignoresFiles: extent == .rebuild)
        do {
            try follower.follow()
            if extent != .asNeeded || follower.isBehind { try follower.save() }
        } catch let error as SectionFileError {
            guard case .damaged = error else { throw error }
            try rebuild()
        } catch let error as StoreError {
            // The log no longer reaches back to these files, so they cannot be extended.
            guard case .changesPruned = error else { throw error }
            try rebuild()
        }
    }

    private func rebuild() throws {
        let follower = try newFollower(ignoresFiles: true)
        try follower.follow()
        try follower.save()
    }

    func newFollower(ignoresFiles: Bool = false) throws -> LexicalFollower {
        try LexicalFollower(
            record: record, files: files, store: store, policy: policy, ignoresFiles: ignoresFiles)
    }

    /// Removes files that do not belong to the database.
    func removeForeign() throws {
        let caches = try LexicalCacheReader(record: record, files: files, store: store).open()
        if caches.main == nil { files.removeIfThere(files.main) }
        if caches.recent == nil { files.removeIfThere(files.recent) }
    }

    /// The change-log position up to which the files are complete; `nil` without files.
    func coveredPosition() throws -> Int64? {
        try LexicalCacheReader(record: record, files: files, store: store).open().place?.position
    }
}
