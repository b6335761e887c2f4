import DocumentStore
import VectorIndex

/// A collection's vectors at one moment, ready to be searched.
///
/// Passage keys only grow, so the rows beyond the flat file are those with keys greater than its
/// last. They are found by key; the change log is read for deletions only.
struct VectorSnapshot: Sendable {
    let record: CollectionRecord
    let signatures: VectorCacheFiles.Signatures
    /// Covers a prefix of the flat file's keys; only set together with it.
    let graph: HNSWIndex?
    let flat: VectorFile?
    /// The change log has been followed to here.
    private(set) var position: Int64
    /// Rows beyond the flat file, in key order.
    private(set) var tail: [TailSegment] = []
    /// Keys that were deleted since the graph (or, without one, the flat file) was written.
    private(set) var deleted: Set<Int64> = []
    /// The last key in `tail` or, before it, in the flat file.
    private(set) var lastKey: Int64
    /// Whether rows beyond `lastKey` must be read from the database at each search, because the
    /// tail has reached its memory bound.
    private(set) var hasStreamedRows = false

    /// The most bytes of vectors that a tail keeps in memory.
    private static let tailBound = 256 << 20
    /// Rows read from the database at once.
    static let readBatch = 4096
    /// The number of segments beyond which they are joined. Each commit adds one.
    private static let mostSegments = 16

    var tailRows: Int { tail.reduce(0) { $0 + $1.keys.count } }

    func fits(_ record: CollectionRecord) -> Bool {
        record.id == self.record.id && record.indexParameters == self.record.indexParameters
            && record.model.fingerprint == self.record.model.fingerprint
    }

    /// Maps the files that match the database, and reads the rows beyond them.
    static func open(
        _ record: CollectionRecord, files: VectorCacheFiles,
        signatures: VectorCacheFiles.Signatures,
        store: DocumentStore
    ) throws -> VectorSnapshot {
        let caches = try VectorCacheReader(record: record, files: files, store: store).open()
        var snapshot = VectorSnapshot(
            record: record, signatures: signatures, graph: caches.graph, flat: caches.flat,
            position: caches.position, lastKey: caches.flat?.lastLabel ?? 0)
        if caches.flat == nil {
            // Everything is read from the database, so earlier deletions need no tracking.
            snapshot.position = try store.position(of: record)
            try snapshot.readTail(from: store)
            return snapshot
        }
        // A writer pruned the log meanwhile. Without cache files no log is needed.
        guard let updated = try snapshot.caughtUp(with: store, isNew: true) else {
            var bare = VectorSnapshot(
                record: record, signatures: signatures, graph: nil, flat: nil,
                position: try store.position(of: record), lastKey: 0)
            try bare.readTail(from: store)
            return bare
        }
        return updated
    }

    /// This snapshot plus later commits; `nil` if it cannot be brought up to date and must be
    /// reopened.
    func caughtUp(with store: DocumentStore, isNew: Bool = false) throws -> VectorSnapshot? {
        let now = try store.position(of: record)
        if now == position && !isNew { return self }
        var next = self
        while next.position < now {
            guard let changes = try Self.changes(after: next.position, in: record, of: store),
                !changes.isEmpty
            else { return nil }
            for change in changes {
                if change.kind == .replacedAll { return nil }
                if change.kind == .deleted { next.deleted.formUnion(change.passages) }
                next.position = change.position
            }
        }
        try next.readTail(from: store)
        return next
    }

    /// `nil` if they have been pruned.
    private static func changes(
        after position: Int64, in record: CollectionRecord, of store: DocumentStore
    ) throws -> [Change]? {
        do { return try store.changes(after: position, in: record) } catch {
            guard case .changesPruned = error else { throw error }
            return nil
        }
    }

    private mutating func readTail(from store: DocumentStore) throws {
        let rowBytes = max(1, record.dimensions) * MemoryLayout<Float>.size
        var room = Self.tailBound / rowBytes - tailRows
        hasStreamedRows = false
        while true {
            guard room > 0 else {
                hasStreamedRows = true
                return
            }
            let batch = try store.vectors(
                after: lastKey, limit: min(Self.readBatch, room), in: record)
            guard let last = batch.keys.last else { break }
            tail.append(try TailSegment(batch, metric: record.indexParameters.metric))
            lastKey = last
            room -= batch.keys.count
        }
        if tail.count > Self.mostSegments {
            tail = [TailSegment(joining: tail, dimensions: record.dimensions)]
        }
    }
}

extension VectorSnapshot {
    /// Rows of the graph that have been deleted since.
    var deletedInGraph: Int {
        guard let graph else { return 0 }
        return deleted.count { graph.contains(label: $0) }
    }

    /// Rows of the flat file that the graph does not cover.
    var flatBeyondGraph: Range<Int> {
        guard let flat else { return 0..<0 }
        guard let graph, let last = graph.lastLabel else { return 0..<flat.count }
        return flat.lowerBound(of: last + 1)..<flat.count
    }
}
