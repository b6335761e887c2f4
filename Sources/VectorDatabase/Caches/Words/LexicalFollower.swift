import DocumentStore
import FileFormat
import Foundation
import LexicalIndex

/// Keeps a lexical index in step with the database, starting from its files. Used by one task at a
/// time.
///
/// New passages are collected in memory, first as postings, then as compressed segments; `save()`
/// merges them into the files.
final class LexicalFollower {
    private let record: CollectionRecord
    private let files: LexicalCacheFiles
    private let store: DocumentStore
    private let policy: CachePolicy
    private var caches: LexicalCacheContents
    private var builder = SegmentBuilder()
    private var runs: [LiveSegment] = []
    /// The log has been followed to here; `nil` before anything is held.
    private var position: Int64?
    private var lastKey: Int64
    /// The number of insertions, and of deletions from the files, since the files were written.
    private(set) var pending = 0

    /// Bytes of postings collected before they are compressed, and of compressed ones before they are
    /// written.
    private static let builderBound = 96 << 20
    private static let runBound = 256 << 20

    /// - Parameter ignoresFiles: indexes all passages again.
    init(
        record: CollectionRecord, files: LexicalCacheFiles, store: DocumentStore,
        policy: CachePolicy,
        ignoresFiles: Bool
    ) throws {
        self.record = record
        self.files = files
        self.store = store
        self.policy = policy
        caches =
            ignoresFiles
            ? LexicalCacheContents()
            : try LexicalCacheReader(record: record, files: files, store: store).open()
        position = caches.place?.position
        lastKey = caches.throughKey
    }

    /// Applies the changes since the last call.
    func follow() throws {
        var isCut = true
        while isCut {
            try Task.checkCancellation()
            let changes = try store.textChanges(
                since: position, afterKey: lastKey, limit: LexicalCache.readBatch, in: record)
            if !changes.deleted.isEmpty { try delete(changes.deleted) }
            position = changes.position
            for text in changes.inserted {
                builder.append(key: text.key, title: text.title, text: text.text)
                lastKey = text.key
            }
            pending += changes.inserted.count
            if builder.byteCount > Self.builderBound { closeRun() }
            if runs.reduce(0, { $0 + $1.segment.byteCount }) > Self.runBound { try save() }
            isCut = changes.isCut
        }
    }

    private func delete(_ keys: [ClosedRange<Int64>]) throws {
        // Deletions apply to segments, not to a builder.
        closeRun()
        for index in runs.indices { runs[index].delete(keys: keys) }
        let before = caches.segments.reduce(0) { $0 + $1.count }
        caches.main?.delete(keys: keys)
        caches.recent?.delete(keys: keys)
        pending += before - caches.segments.reduce(0) { $0 + $1.count }
    }

    private func closeRun() {
        guard builder.count > 0 else { return }
        runs.append(LiveSegment(builder.segment()))
        builder = SegmentBuilder()
    }

    /// Whether readers would have too many passages to index themselves.
    var isBehind: Bool { pending > policy.lexicalLag(recentRows: caches.recent?.count ?? 0) }

    /// Writes the files, if anything has changed.
    func save() throws {
        guard pending > 0 || caches.main == nil, let position else { return }
        closeRun()
        guard let token = try store.historyToken(at: position, in: record) else { return }
        var header = LexicalHeader(
            databaseIdentity: UUID(bytes: store.identity.bytes), collection: record.id,
            place: LexicalHeader.Place(position: position, token: token), throughKey: lastKey)
        let recent = [caches.recent].compactMap { $0 } + runs
        if let main = caches.main, !mustMerge(main, recentRows: recent.reduce(0) { $0 + $1.count })
        {
            try caches.recent?.segment.verify()
            header.predecessor = main.segment.header.place
            try SegmentMerger(recent).write(
                to: files.recent, header: header,
                deletionsBefore: main.deletions?.slots ?? [], fileSystem: files.fileSystem)
        } else {
            // Never extend a damaged file.
            for part in caches.segments { try part.segment.verify() }
            try SegmentMerger([caches.main].compactMap { $0 } + recent).write(
                to: files.main, header: header, fileSystem: files.fileSystem)
            files.removeIfThere(files.recent)
        }
        caches = try LexicalCacheReader(record: record, files: files, store: store).open()
        runs = []
        pending = 0
        if caches.place != header.place {
            // The files were removed meanwhile, so their passages must be read again.
            caches = LexicalCacheContents()
            (self.position, lastKey) = (nil, 0)
        }
    }

    private func mustMerge(_ main: LiveSegment, recentRows: Int) -> Bool {
        let bound = max(policy.smallestLexicalMerge, main.segment.count / policy.lexicalMergeShare)
        return recentRows > bound || main.segment.count - main.count > bound
    }
}
