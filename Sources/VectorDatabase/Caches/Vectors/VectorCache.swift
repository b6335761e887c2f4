import DocumentStore
import FileFormat
import Synchronization
import VectorIndex

/// The source of vector searches: the graph, the flat file, and the rows that only the database
/// has.
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

    /// A snapshot that includes every commit so far.
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

    /// A graph to extend during an ingest; `nil` if it lags too little, or the collection is too
    /// small.
    func startFollowing(_ record: CollectionRecord) throws -> GraphFollower? {
        let old = try VectorCacheReader(record: record, files: files, store: store).openGraph()
        let covered = old?.count ?? 0
        guard record.passageCount - covered > policy.graphLag(rows: covered) else { return nil }
        return try GraphFollower(
            record: record, extending: old, store: store, policy: policy, threads: threads)
    }

    func release() { current.withLock { $0 = nil } }
}

/// The paths of a collection's vector caches, and the file system they are on.
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

    /// Identifies the files that were opened.
    struct Signatures: Equatable, Sendable {
        let graph: FileSignature?
        let flat: FileSignature?
    }
}
