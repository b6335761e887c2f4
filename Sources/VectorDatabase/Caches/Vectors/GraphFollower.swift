import DocumentStore
import FileFormat
import VectorIndex

/// A graph that grows with the database: it follows keys for what was inserted and the change log
/// for what was deleted, from wherever it stands. One task at a time uses it.
final class GraphFollower {
    let record: CollectionRecord
    private let store: DocumentStore
    private let policy: CachePolicy
    private let threads: Int
    private let builder: HNSWBuilder
    /// The log has been followed to here.
    private var position: Int64
    /// The last key that was asked for; keys up to it are in the graph or gone.
    private var lastKey: Int64
    /// Deleted keys that are still in the graph: taken out together, since that costs a pass.
    private var removed: [Int64] = []

    /// Takes over a graph, or begins with an empty one.
    init(
        record: CollectionRecord, extending graph: HNSWIndex?, store: DocumentStore,
        policy: CachePolicy, threads: Int
    ) throws {
        self.record = record
        self.store = store
        self.policy = policy
        self.threads = threads
        if let graph {
            // A damaged file must not become the seed of the next one.
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
        lastKey = builder.lastLabel ?? 0
        builder.reserve(record.passageCount)
    }

    var count: Int { builder.count }

    /// Inserts what has come; whole batches only unless `isFinal`.
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

    /// Everything in the database is in the graph when this is called: `follow(isFinal: true)`.
    func save(to path: String, fileSystem: any FileSystem) throws {
        try builder.save(
            to: path, header: try record.header(of: store, position: position),
            fileSystem: fileSystem)
    }
}
