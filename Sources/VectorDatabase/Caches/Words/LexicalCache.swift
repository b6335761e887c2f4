import DocumentStore
import LexicalIndex
import Synchronization

/// Where searches by words look: the cache files, and what the database has beyond them.
///
/// As with the vector index, a snapshot is immutable, and each search first takes in the changes
/// since, so that it sees every commit that came before it.
final class LexicalCache: Sendable {
    let files: LexicalCacheFiles
    private let store: DocumentStore
    private let policy: CachePolicy
    private let current = Mutex<State?>(nil)
    /// Searches that found no snapshot since there was one.
    private let searchesWithout = Atomic(0)

    /// Passages read from the database at once.
    static let readBatch = 4096

    init(files: LexicalCacheFiles, store: DocumentStore, policy: CachePolicy) {
        self.files = files
        self.store = store
        self.policy = policy
    }

    /// The state of the collection as of now; nil where the files are missing or so far behind that
    /// reading the rest would take longer than SQLite's searches so far and one more.
    func snapshot(for record: CollectionRecord) throws -> LexicalSnapshot? {
        try current.withLock { current in
            let signatures = files.signatures
            if let state = current, state.record == record.id, state.signatures == signatures,
                let updated = try state.caughtUp(record, with: store)
            {
                current = updated
                return updated.snapshot
            }
            let caches = try LexicalCacheReader(record: record, files: files, store: store).open()
            let covered = caches.segments.reduce(0) { $0 + $1.count }
            guard
                policy.indexesTail(
                    of: record.passageCount - covered, total: record.passageCount,
                    searches: searchesWithout.load(ordering: .relaxed))
            else {
                searchesWithout.add(1, ordering: .relaxed)
                return nil
            }
            searchesWithout.store(0, ordering: .relaxed)
            let state = State(
                record: record.id, signatures: signatures, files: caches.segments,
                position: caches.place?.position, lastKey: caches.throughKey)
            current = try state.caughtUp(record, with: store)
            return current?.snapshot
        }
    }

    func writer(for record: CollectionRecord) -> LexicalCacheWriter {
        LexicalCacheWriter(record: record, files: files, store: store, policy: policy)
    }

    func checker(for record: CollectionRecord) -> LexicalCacheChecker {
        LexicalCacheChecker(record: record, files: files, store: store, policy: policy)
    }

    /// An index to extend while documents come in, where it lags enough; nil where it does not or
    /// cannot be extended.
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

        /// Nil where the log no longer reaches back.
        func caughtUp(_ record: CollectionRecord, with store: DocumentStore) throws -> State? {
            if let position, try store.position(of: record) == position, !snapshot.segments.isEmpty
            {
                return self
            }
            var next = self
            var isCut = true
            while isCut {
                let changes: TextChanges
                do throws(StoreError) {
                    changes = try store.textChanges(
                        since: next.position, afterKey: next.lastKey,
                        limit: LexicalCache.readBatch, in: record)
                } catch {
                    guard case .changesPruned = error else { throw error }
                    return nil
                }
                for index in next.files.indices { next.files[index].delete(keys: changes.deleted) }
                for index in next.tail.indices { next.tail[index].delete(keys: changes.deleted) }
                next.position = changes.position
                try next.append(changes.inserted)
                isCut = changes.isCut
            }
            next.snapshot = LexicalSnapshot(next.files + next.tail)
            return next
        }

        private mutating func append(_ texts: [PassageText]) throws {
            guard let last = texts.last else { return }
            var builder = SegmentBuilder()
            for text in texts { builder.append(key: text.key, title: text.title, text: text.text) }
            tail.append(LiveSegment(builder.segment()))
            lastKey = last.key
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
