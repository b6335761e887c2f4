import DocumentStore
import FileFormat
import Synchronization
import VectorIndex

/// Where searches of a collection look: the cache files, and what the database has beyond them.
///
///     log position    0 ............ G ........... F ........... now
///     graph           [==============]
///     flat file       [============================]
///     tail (memory)                                [==============]
///
/// Invariants:
/// 1. The database is the truth. A cache file counts only if it names this database, collection,
///    model and parameters, and a position that the change log still reaches.
/// 2. A snapshot is immutable. A search holds one and is not disturbed by what comes after.
/// 3. Each search first takes in the changes since the snapshot, so that it sees every commit that
///    came before it; rows beyond the graph are scanned exactly, deleted rows filtered out.
/// 4. When a writer has replaced a cache file, the next search maps the new one.
final class CollectionIndex: Sendable {
    let files: CacheFiles
    private let store: DocumentStore
    let policy: IndexPolicy
    let threads: Int
    let lexicon: CollectionLexicon
    private let current = Mutex<IndexSnapshot?>(nil)

    init(
        files: CacheFiles, lexicon: CollectionLexicon, store: DocumentStore, policy: IndexPolicy,
        threads: Int
    ) {
        self.files = files
        self.lexicon = lexicon
        self.store = store
        self.policy = policy
        self.threads = threads
    }

    /// The state of the collection as of now.
    func snapshot(for record: CollectionRecord) throws -> IndexSnapshot {
        try current.withLock { current in
            let signatures = files.signatures
            if let snapshot = current, snapshot.fits(record), snapshot.signatures == signatures,
                let updated = try snapshot.caughtUp(with: store)
            {
                current = updated
                return updated
            }
            let opened = try IndexSnapshot.open(
                record, files: files, signatures: signatures, store: store)
            current = opened
            return opened
        }
    }

    func searcher(for record: CollectionRecord) throws -> DenseSearcher {
        DenseSearcher(snapshot: try snapshot(for: record), store: store, threads: threads)
    }

    func writer(for record: CollectionRecord) -> IndexWriter {
        IndexWriter(
            record: record, files: files, store: store, policy: policy, threads: threads,
            lexicon: lexicon.writer(for: record))
    }

    /// A graph to extend while documents come in, where it lags enough or would be worth having.
    func startFollowing(_ record: CollectionRecord) throws -> GraphFollower? {
        let old = try CacheReader(record: record, files: files, store: store).openGraph()
        let covered = old?.count ?? 0
        guard record.passageCount - covered > policy.graphLag(rows: covered) else { return nil }
        return try GraphFollower(
            record: record, extending: old, store: store, policy: policy, threads: threads)
    }

    func release() {
        current.withLock { $0 = nil }
        lexicon.release()
    }
}

/// The paths of a collection's caches, and how they are read and written.
struct CacheFiles: Sendable {
    let graph: String
    let flat: String
    let fileSystem: any FileSystem

    var signatures: Signatures {
        Signatures(graph: FileSignature(path: graph), flat: FileSignature(path: flat))
    }

    /// Which files were there.
    struct Signatures: Equatable, Sendable {
        let graph: FileSignature?
        let flat: FileSignature?
    }
}
