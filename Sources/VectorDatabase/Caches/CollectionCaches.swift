import DocumentStore
import FileFormat

/// The caches of one collection: a graph and a flat file of its vectors, and an index of its words.
///
///     log position    0 ............ G ........... F ...... W ..... now
///     graph           [==============]
///     flat file       [============================]
///     words           [=====================================]
///     in memory                                    [================]
///
/// Invariants:
/// 1. The database is the truth. A cache file counts only if it names this database and collection
///    (the vectors' also the model and parameters), and a position in the change log that this
///    history has passed and the log still reaches.
/// 2. A snapshot is immutable. A search holds one and does not see later changes.
/// 3. Each search first applies the changes since the last snapshot, so that it sees every earlier
/// commit that is acknowledged. While documents come in, the writer applies them (``HeldSnapshot``).
/// 4. When a writer has replaced a cache file, the next search maps the new one.
/// 5. Files that do not belong to the database are removed before it changes (``CacheWriter``): one
/// that is newer than the database must not match it by accident after later changes.
/// 6. The change log is pruned only as far as every cache covers it.
final class CollectionCaches: CollectionIndex {
    let vectors: VectorCache
    let words: LexicalCache
    private let name: String
    private let files: DatabaseFiles
    private let fileSystem: any FileSystem
    private let store: DocumentStore
    private let threads: Int

    init(
        of collection: String, files: DatabaseFiles, store: DocumentStore, policy: CachePolicy,
        fileSystem: any FileSystem, threads: Int
    ) {
        name = collection
        self.files = files
        self.fileSystem = fileSystem
        self.store = store
        self.threads = threads
        vectors = VectorCache(
            files: VectorCacheFiles(
                graph: files.graph(of: collection), flat: files.vectors(of: collection),
                fileSystem: fileSystem),
            store: store, policy: policy, threads: threads)
        words = LexicalCache(
            files: LexicalCacheFiles(
                main: files.words(of: collection), recent: files.recentWords(of: collection),
                fileSystem: fileSystem),
            store: store, policy: policy)
    }

    func retriever(
        for record: CollectionRecord, filter: MetadataPredicate?, isFresh: Bool
    ) throws -> any Retriever {
        try LocalRetriever(
            vectors: vectors, words: words, store: store, record: record, threads: threads,
            filter: filter, isFresh: isFresh)
    }

    func statistics(of record: CollectionRecord) throws -> IndexStatistics {
        IndexStatistics(try vectors.snapshot(for: record, isFresh: true), of: record)
    }

    var bytesByPart: [PartBytes] {
        let bytes = files.cacheBytes(of: name)
        return [
            PartBytes(part: "index_file", bytes: bytes.graph),
            PartBytes(part: "vectors_file", bytes: bytes.vectors),
            PartBytes(part: "lexical_files", bytes: bytes.words),
        ]
    }

    // MARK: Writing

    /// Removes foreign files, so that they cannot match by accident later.
    func prepareForWriting(_ record: CollectionRecord?) throws {
        if let record { try writer(for: record).removeForeign() } else { remove() }
    }

    func writer(for record: CollectionRecord) -> CacheWriter {
        CacheWriter(
            record: record, vectors: vectors.writer(for: record), words: words.writer(for: record),
            store: store)
    }

    func follower() -> any IndexFollower { CacheFollower(self) }

    func holding<Result>(
        for record: CollectionRecord, _ body: () throws -> Result
    ) throws -> Result {
        try words.holding(for: record) {
            guard record.dimensions > 0 else { return try body() }
            return try vectors.holding(for: record, body)
        }
    }

    func update(_ record: CollectionRecord) throws { try writer(for: record).update() }

    /// The words do not depend on the vectors, so they are only brought up to date.
    func rebuildVectors(_ record: CollectionRecord) throws {
        try writer(for: record).update(vectors: .rebuild, words: .all)
    }

    func rebuild(_ record: CollectionRecord) throws {
        try writer(for: record).update(vectors: .rebuild, words: .rebuild)
        try store.pruneChanges(through: store.position(of: record), in: record)
    }

    func remove() {
        vectors.files.remove()
        words.files.remove()
    }

    /// A file that cannot be moved is removed.
    func move(to name: String) {
        for (path, destination) in zip(files.caches(of: self.name), files.caches(of: name)) {
            do { try fileSystem.rename(path, to: destination) } catch {
                try? fileSystem.remove(path)
            }
        }
    }

    /// Unmaps the files.
    func release() {
        vectors.release()
        words.release()
    }

    // MARK: Check

    /// Compares the files with the database.
    ///
    /// A cache that is missing, lags behind, or belongs to another database or state is a remark:
    /// readers do without it and the next writer rewrites it. A cache that is damaged, or that
    /// claims to belong here but differs from the database, is a fault.
    func check(_ record: CollectionRecord) throws
        -> (findings: [CheckReport.Finding], sampledRecall: Double?)
    {
        var wordChecker = words.checker(for: record)
        try wordChecker.check()
        guard record.dimensions > 0 else { return (wordChecker.found.findings, nil) }
        var vectorChecker = vectors.checker(for: record)
        try vectorChecker.check()
        return (
            wordChecker.found.findings + vectorChecker.found.findings, vectorChecker.sampledRecall
        )
    }

    /// Rewrites the caches that the findings are about.
    func repair(_ findings: [CheckReport.Finding], of record: CollectionRecord) throws {
        func concerns(_ paths: [String]) -> Bool {
            findings.contains { paths.contains($0.subject) }
        }
        release()
        let brokenWords = concerns([words.files.main, words.files.recent])
        let brokenVectors = concerns([vectors.files.graph, vectors.files.flat])
        guard brokenWords || brokenVectors else { return }
        try writer(for: record).update(
            vectors: brokenVectors ? .rebuild : nil,
            words: brokenWords ? .rebuild : brokenVectors ? .all : nil)
    }
}
