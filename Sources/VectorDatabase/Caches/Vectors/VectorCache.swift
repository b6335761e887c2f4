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
    private let current = HeldSnapshot<VectorSnapshot>()

    init(files: VectorCacheFiles, store: DocumentStore, policy: CachePolicy, threads: Int) {
        self.files = files
        self.store = store
        self.policy = policy
        self.threads = threads
    }

    /// A snapshot that includes every commit that is acknowledged; see ``HeldSnapshot``.
    ///
    /// - Parameter isFresh: whether it must include commits that are not acknowledged yet, too.
    func snapshot(for record: CollectionRecord, isFresh: Bool) throws -> VectorSnapshot {
        try current.value(isFresh: isFresh, fits: { $0.fits(record) }) {
            try update($0, for: record)
        }
    }

    /// Runs `body`, which commits or writes files, beside searches; see ``HeldSnapshot``.
    func holding<Result>(
        for record: CollectionRecord, _ body: () throws -> Result
    ) throws -> Result {
        try current.holding(
            update: { try update($0, for: store.collection(named: record.name) ?? record) }, body)
    }

    private func update(
        _ snapshot: VectorSnapshot?, for record: CollectionRecord
    ) throws -> VectorSnapshot {
        let signatures = files.signatures
        if let snapshot, snapshot.fits(record), snapshot.signatures == signatures,
            let updated = try snapshot.caughtUp(with: store)
        {
            return updated
        }
        return try VectorSnapshot.open(record, files: files, signatures: signatures, store: store)
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

    func release() { current.forget() }
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
