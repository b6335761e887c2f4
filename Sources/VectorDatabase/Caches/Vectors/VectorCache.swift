import DocumentStore
import FileFormat
import Synchronization
import VectorIndex

/// Where searches by vector look: the graph and the flat file, and what the database has beyond them.
final class VectorCache: Sendable {
    let files: VectorCacheFiles
    private let store: DocumentStore
    private let policy: CachePolicy
    private let threads: Int
    private let current = Mutex<VectorSnapshot?>(nil)

    init(files: VectorCacheFiles, store: DocumentStore, policy: CachePolicy, threads: Int) {
        self.files = files
        self.store = store
        self.policy = policy
        self.threads = threads
    }

    /// The state of the collection as of now.
    func snapshot(for record: CollectionRecord) throws -> VectorSnapshot {
        try current.withLock { current in
            let signatures = files.signatures
            if let snapshot = current, snapshot.fits(record), snapshot.signatures == signatures,
                let updated = try snapshot.caughtUp(with: store)
            {
                current = updated
                return updated
            }
            let opened = try VectorSnapshot.open(
                record, files: files, signatures: signatures, store: store)
            current = opened
            return opened
        }
    }

    func writer(for record: CollectionRecord) -> VectorCacheWriter {
        VectorCacheWriter(
            record: record, files: files, store: store, policy: policy, threads: threads)
    }

    func checker(for record: CollectionRecord) -> VectorCacheChecker {
        VectorCacheChecker(
            record: record, files: files, store: store, policy: policy, threads: threads)
    }

    /// A graph to extend while documents come in, if it lags enough or would be worth having.
    func startFollowing(_ record: CollectionRecord) throws -> GraphFollower? {
        let old = try VectorCacheReader(record: record, files: files, store: store).openGraph()
        let covered = old?.count ?? 0
        guard record.passageCount - covered > policy.graphLag(rows: covered) else { return nil }
        return try GraphFollower(
            record: record, extending: old, store: store, policy: policy, threads: threads)
    }

    func release() { current.withLock { $0 = nil } }
}

/// The paths of a collection's caches, and how they are read and written.
struct VectorCacheFiles: Sendable {
    let graph: String
    let flat: String
    let fileSystem: any FileSystem

    func remove() {
        for path in [graph, flat] { try? fileSystem.remove(path) }
    }

    var signatures: Signatures {
        Signatures(graph: FileSignature(path: graph), flat: FileSignature(path: flat))
    }

    /// Which files were there.
    struct Signatures: Equatable, Sendable {
        let graph: FileSignature?
        let flat: FileSignature?
    }
}
