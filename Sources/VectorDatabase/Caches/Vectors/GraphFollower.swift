import DocumentStore
import FileFormat
import VectorIndex

/// Keeps a graph in step with the database: insertions are found by key, deletions in the change
/// log. Used by one task at a time.
final class GraphFollower {
    let record: CollectionRecord
    private let store: DocumentStore
    private let policy: CachePolicy
    private let threads: Int
    private let builder: HNSWBuilder
    /// The log has been followed to here.
    private var position: Int64
    /// The last key read; every key up to it is in the graph or has been deleted.
    private var lastKey: Int64
    /// Deleted keys that are still in the graph. They are removed together, since each removal is a
    /// pass over the graph.
    private var removed: [Int64] = []

    /// Extends an existing graph, or starts with an empty one.
    init(
        record: CollectionRecord, extending graph: HNSWIndex?, store: DocumentStore,
        policy: CachePolicy, threads: Int
    ) throws {
        self.record = record
        self.store = store
        self.policy = policy
        self.threads = threads
        if let graph {
            // Never extend a damaged file.
            let isSound = (try? graph.verify()) != nil
            builder =
                try isSound
                ? HNSWBuilder(extending: graph) : HNSWBuilder(parameters: record.indexParameters)
            position =
                try isSound ? graph.header.changeLogPosition : store.position(of: record)
        } else {
            builder = try HNSWBuilder(parameters: record.indexParameters)
            position = try store.position(of: record)
        }
        if let stores = policy.neighborCodes { builder.storeNeighborCodes(stores) }
        lastKey = builder.lastLabel ?? 0
        builder.reserve(record.passageCount)
    }

    var count: Int { builder.count }

    /// Inserts new vectors, in whole batches only unless `isFinal`, which also removes deleted
    /// ones.
    func follow(isFinal: Bool) throws {
        let now = try store.position(of: record)
        while true {
            try Task.checkCancellation()
            let batch = try store.vectors(after: lastKey, limit: policy.batch, in: record)
            guard let last = batch.keys.last, isFinal || batch.count == policy.batch else {
                break
            }
            try batch.values.withUnsafeBufferPointer {
                try builder.insert(labels: batch.keys, vectors: $0, threads: threads)
            }
            lastKey = last
        }
        try followDeletions(to: now)
        if isFinal {
            builder.remove(labels: removed, threads: threads)
            removed = []
        }
    }

    private func followDeletions(to now: Int64) throws {
        while position < now {
            let changes = try store.changes(after: position, in: record)
            guard let last = changes.last else { break }
            for change in changes where change.kind == .deleted {
                removed += change.passages.filter { $0 <= lastKey }
            }
            position = last.position
        }
    }

    /// Writes the graph. Call `follow(isFinal: true)` first, so that it holds the whole database.
    func save(to path: String, fileSystem: any FileSystem) throws {
        try builder.save(
            to: path, header: try record.header(of: store, position: position),
            threads: threads, fileSystem: fileSystem)
    }
}
