import DocumentStore
import Foundation
import Storage
import Synchronization
import TextBytes

/// A database of documents that are found by meaning and by words: one file, with caches next to
/// it, or, with the module PostgresStorage, a PostgreSQL database.
///
/// ```swift
/// let database = try Database(path: "notes.vdb", embedder: Letters())
/// let notes = database.collection()
/// try await notes.ingest([Document(id: "1", text: "Bramleys keep until spring.")])
/// let answer = try await notes.query("storing apples", limit: 5)
/// for hit in answer.hits { print(hit.rank, hit.id, hit.text) }
/// try database.close()
/// ```
///
/// Safe to use from any number of tasks and processes at once. Readers never wait for a writer;
/// they see what is committed. There is one writer at a time: within a process writers queue,
/// across processes one waits for `DatabaseOptions.lockTimeout` and then throws
/// ``DatabaseError/locked(path:holder:seconds:)``. In PostgreSQL any number of processes write at once.
///
/// Once a call has returned, its writes survive a crash of the process and a power failure.
public final class Database: Sendable {
    /// The path of the database file, as given to the initializer, with the caches next to it; or the
    /// URI of a PostgreSQL database, without its password.
    public let path: String
    /// The options that the database was opened with.
    public let options: DatabaseOptions
    package let store: any Store
    /// What the one writer locks; `nil` if any number of processes may write at once.
    private let lockFile: String?
    /// Makes the index of the collection of this name.
    let makeIndex: @Sendable (_ collection: String) -> any CollectionIndex
    let embedders: EmbedderResolver
    private let writers = AsyncLock()
    private let collections = Mutex<[Identifier: DocumentCollection]>([:])

    /// Opens a database, or creates it if ``DatabaseOptions/access`` allows that. An older format
    /// is migrated.
    ///
    /// - Throws: ``DatabaseError``: `databaseMissing`, `cannotCreate`, `notADatabase`,
    ///   `newerFormat`, `olderFormat`, `damaged`, `locked`, `inputOutput`, `diskFull`.
    public convenience init(path: String, options: DatabaseOptions = DatabaseOptions()) throws {
        let files = DatabaseFiles(database: path)
        let mode: DocumentStore.Mode =
            switch options.access {
            case .readOnly: .readOnly
            case .readWrite: .readWrite
            case .create: .create
            }
        let store = try rethrowing {
            try DocumentStore(
                path: path, mode: mode, busyTimeout: options.lockTimeout,
                fileSystem: options.fileSystem)
        }
        var policy = options.cachePolicy
        policy.neighborCodes = options.neighborCodes
        let cachePolicy = policy
        self.init(store: store, at: path, lockFile: files.lock, options: options) { name in
            CollectionCaches(
                of: name, files: files, store: store, policy: cachePolicy,
                fileSystem: options.fileSystem, threads: options.threadCount)
        }
    }

    /// Opens a database on a store, which it closes.
    ///
    /// - Parameters:
    ///   - description: where the store is, for messages: ``path``.
    ///   - lockFile: what writers of several processes lock, so that one writes at a time; `nil` if the
    ///     store lets any number of them write at once.
    ///   - makeIndex: makes the index of the collection of this name. Collections are made once.
    package init(
        store: any Store, at description: String, lockFile: String?, options: DatabaseOptions,
        makeIndex: @escaping @Sendable (_ collection: String) -> any CollectionIndex
    ) {
        path = description
        self.options = options
        self.store = store
        self.lockFile = lockFile
        self.makeIndex = makeIndex
        embedders = EmbedderResolver(given: options.embedder, find: options.findEmbedder)
    }

    /// Opens a database, or creates it, with one embedder for all its collections.
    ///
    /// - Throws: ``DatabaseError``, as ``init(path:options:)``.
    public convenience init(path: String, embedder: any Embedder) throws {
        var options = DatabaseOptions()
        options.embedder = embedder
        try self.init(path: path, options: options)
    }

    /// A random identity of 32 hexadecimal digits, given to the database when it was created and
    /// shared by its copies.
    public var identity: String { store.identity.hexadecimal }

    /// The collection of this name. It need not exist yet: the first ingest creates it.
    public func collection(_ name: String = "default") -> DocumentCollection {
        collections.withLock { collections in
            if let collection = collections[Identifier(name)] { return collection }
            let collection = DocumentCollection(name: name, database: self)
            collections[Identifier(name)] = collection
            return collection
        }
    }

    /// The names of the collections that exist, sorted.
    ///
    /// - Throws: ``DatabaseError``.
    public func collectionNames() throws -> [String] {
        try rethrowing { try store.collections().map(\.name) }
    }

    /// Closes the database. Wait for running calls first; later ones throw
    /// ``DatabaseError/closed(path:)``.
    ///
    /// - Throws: ``DatabaseError``.
    public func close() throws {
        collections.withLock { $0.values.forEach { $0.release() } }
        try rethrowing { try store.close() }
    }

    /// Runs `body` as the only writer among this process's tasks and, unless the store lets several
    /// write, among processes.
    func asWriter<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard options.access != .readOnly else { throw DatabaseError.readOnly(path: path) }
        do {
            return try await writers.withLock { [lockFile, path, options] in
                try await withTaskExecutorPreference(BlockingExecutor.shared) {
                    guard let lockFile else { return try await body() }
                    let lock = try await WriterLock.acquire(
                        lockFile, database: path, timeout: options.lockTimeout,
                        fileSystem: options.fileSystem, isWaiting: options.isWaiting)
                    defer { lock.release() }
                    return try await body()
                }
            }
        } catch { throw DatabaseError.wrap(error) }
    }

    /// Runs `body` on threads that may block.
    func asReader<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        do {
            return try await withTaskExecutorPreference(BlockingExecutor.shared) {
                try await body()
            }
        } catch { throw DatabaseError.wrap(error) }
    }
}
