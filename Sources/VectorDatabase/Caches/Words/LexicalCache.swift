import DocumentStore
import LexicalIndex
import Synchronization

/// The source of word searches: the cache files, and an in-memory index of the passages that only
/// the database has.
///
/// As with vectors, a snapshot is immutable, and each search first applies later changes, so that
/// it sees every earlier commit.
///
/// If the files are missing or unusable, the first search of a process indexes the whole collection
/// in memory, at about 15 microseconds of processor time and 75 compressed bytes per passage
/// (measured on web passages of 57 words). The next writer rewrites the files.
final class LexicalCache: Sendable {
    let files: LexicalCacheFiles
    private let store: DocumentStore
    private let policy: CachePolicy
    private let current = HeldSnapshot<State>()

    /// Passages read from the database at once.
    static let readBatch = 4096

    init(files: LexicalCacheFiles, store: DocumentStore, policy: CachePolicy) {
        self.files = files
        self.store = store
        self.policy = policy
    }

    /// A snapshot that includes every commit that is acknowledged; see ``HeldSnapshot``.
    ///
    /// - Parameter isFresh: whether it must include commits that are not acknowledged yet, too.
    func snapshot(for record: CollectionRecord, isFresh: Bool) throws -> LexicalSnapshot {
        try current.value(isFresh: isFresh, fits: { $0.record == record.id }) {
            try update($0, for: record)
        }.snapshot
    }

    /// Runs `body`, which commits or writes files, beside searches; see ``HeldSnapshot``.
    func holding<Result>(
        for record: CollectionRecord, _ body: () throws -> Result
    ) throws -> Result {
        try current.holding(
            update: { try update($0, for: store.collection(named: record.name) ?? record) }, body)
    }

    private func update(_ state: State?, for record: CollectionRecord) throws -> State {
        let signatures = files.signatures
        if let state, state.record == record.id, state.signatures == signatures,
            let updated = try state.caughtUp(record, with: store)
        {
            return updated
        }
        return try open(record, signatures)
    }

    private func open(_ record: CollectionRecord, _ signatures: [FileSignature?]) throws -> State {
        let contents = try LexicalCacheReader(record: record, files: files, store: store).open()
        let state = State(
            record: record.id, signatures: signatures, files: contents.segments,
            position: contents.place?.position, lastKey: contents.throughKey)
        if let updated = try state.caughtUp(record, with: store) { return updated }
        // A writer pruned the log after the files were opened. Without cache files no log is
        // needed.
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

    /// An index to extend during an ingest; `nil` if it lags too little to be worth it.
    func startFollowing(_ record: CollectionRecord) throws -> LexicalFollower? {
        let caches = try LexicalCacheReader(record: record, files: files, store: store).open()
        let covered = caches.segments.reduce(0) { $0 + $1.count }
        guard
            record.passageCount - covered > policy.lexicalLag(recentRows: caches.recent?.count ?? 0)
        else { return nil }
        return try writer(for: record).newFollower()
    }

    func release() { current.forget() }

    /// The segments of the files, and those in memory.
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

        /// This state plus later changes; `nil` if the log no longer reaches back to it.
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
                    // Deletions apply to segments, not to a builder.
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
            // Segments of similar size are merged, so that a passage is merged O(log n) times.
            while tail.count > 1, tail[tail.count - 2].count < 2 * tail[tail.count - 1].count {
                let joined = try SegmentMerger(Array(tail.suffix(2))).segment()
                tail.removeLast(2)
                tail.append(LiveSegment(joined))
            }
        }
    }
}
