import DocumentStore
import LexicalIndex
import Synchronization

/// Where searches by words look: the cache files, and what the database has beyond them, indexed in
/// memory.
///
/// As with the vectors, a snapshot is immutable, and each search first takes in the changes since, so
/// that it sees every commit that came before it.
///
/// If the files are missing or cannot be used, all passages are beyond them: the first search of a
/// process indexes the whole collection, at about 15 microseconds of processor time a passage, and
/// keeps it, compressed, in about 75 bytes a passage (measured on web passages of 57 words). The next
/// writer writes the files again.
final class LexicalCache: Sendable {
    let files: LexicalCacheFiles
    private let store: DocumentStore
    private let policy: CachePolicy
    private let current = Mutex<State?>(nil)

    /// Passages read from the database at once.
    static let readBatch = 4096

    init(files: LexicalCacheFiles, store: DocumentStore, policy: CachePolicy) {
        self.files = files
        self.store = store
        self.policy = policy
    }

    /// The state of the collection as of now.
    func snapshot(for record: CollectionRecord) throws -> LexicalSnapshot {
        try current.withLock { current in
            let signatures = files.signatures
            if let state = current, state.record == record.id, state.signatures == signatures,
                let updated = try state.caughtUp(record, with: store)
            {
                current = updated
                return updated.snapshot
            }
            current = nil
            let opened = try open(record, signatures)
            current = opened
            return opened.snapshot
        }
    }

    private func open(_ record: CollectionRecord, _ signatures: [FileSignature?]) throws -> State {
        let contents = try LexicalCacheReader(record: record, files: files, store: store).open()
        let state = State(
            record: record.id, signatures: signatures, files: contents.segments,
            position: contents.place?.position, lastKey: contents.throughKey)
        if let updated = try state.caughtUp(record, with: store) { return updated }
        // A writer has pruned the log since the files were opened: without them there is no log to
        // follow.
        let bare = State(record: record.id, signatures: signatures, files: [], lastKey: 0)
        guard let updated = try bare.caughtUp(record, with: store) else {
            throw StoreError.changesPruned(
                collection: record.name, position: 0,
                prunedThrough: try store.position(of: record))
        }
        return updated
    }

    func writer(for record: CollectionRecord) -> LexicalCacheWriter {
        LexicalCacheWriter(record: record, files: files, store: store, policy: policy)
    }

    func checker(for record: CollectionRecord) -> LexicalCacheChecker {
        LexicalCacheChecker(record: record, files: files, store: store, policy: policy)
    }

    /// An index to extend while documents come in; `nil` if it lags too little to be worth it.
    func startFollowing(_ record: CollectionRecord) throws -> LexicalFollower? {
        let caches = try LexicalCacheReader(record: record, files: files, store: store).open()
        let covered = caches.segments.reduce(0) { $0 + $1.count }
        guard
            record.passageCount - covered > policy.lexicalLag(recentRows: caches.recent?.count ?? 0)
        else { return nil }
        return try writer(for: record).newFollower()
    }

    func release() { current.withLock { $0 = nil } }

    /// Files, and passages beyond them in memory.
    private struct State: Sendable {
        let record: Int64
        let signatures: [FileSignature?]
        var files: [LiveSegment]
        var tail: [LiveSegment] = []
        var position: Int64?
        var lastKey: Int64
        var snapshot = LexicalSnapshot([])

        /// Bytes of postings collected before they are compressed.
        private static let builderBound = 32 << 20

        /// With the changes since; `nil` if the log no longer reaches back.
        func caughtUp(_ record: CollectionRecord, with store: DocumentStore) throws -> State? {
            if let position, try store.position(of: record) == position, !snapshot.segments.isEmpty
            {
                return self
            }
            var next = self
            var builder = SegmentBuilder()
            var isCut = true
            while isCut {
                try Task.checkCancellation()
                let changes: TextChanges
                do throws(StoreError) {
                    changes = try store.textChanges(
                        since: next.position, afterKey: next.lastKey,
                        limit: LexicalCache.readBatch, in: record)
                } catch {
                    guard case .changesPruned = error else { throw error }
                    return nil
                }
                if !changes.deleted.isEmpty {
                    // A builder cannot forget; a segment can.
                    try next.append(&builder)
                    for index in next.files.indices {
                        next.files[index].delete(keys: changes.deleted)
                    }
                    for index in next.tail.indices {
                        next.tail[index].delete(keys: changes.deleted)
                    }
                }
                next.position = changes.position
                for text in changes.inserted {
                    builder.append(key: text.key, title: text.title, text: text.text)
                    next.lastKey = text.key
                }
                if builder.byteCount > Self.builderBound { try next.append(&builder) }
                isCut = changes.isCut
            }
            try next.append(&builder)
            next.snapshot = LexicalSnapshot(next.files + next.tail)
            return next
        }

        private mutating func append(_ builder: inout SegmentBuilder) throws {
            guard builder.count > 0 else { return }
            tail.append(LiveSegment(builder.segment()))
            builder = SegmentBuilder()
            // Like sizes are joined: a passage is merged a number of times that grows with the
            // logarithm of the tail.
            while tail.count > 1, tail[tail.count - 2].count < 2 * tail[tail.count - 1].count {
                let joined = try SegmentMerger(Array(tail.suffix(2))).segment()
                tail.removeLast(2)
                tail.append(LiveSegment(joined))
            }
        }
    }
}
