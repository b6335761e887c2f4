import DocumentStore
import Foundation
import Storage
import Synchronization
import TextBytes

/// A database of documents that are found by meaning and by words: one file, with caches next to
/// it.
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
/// ``DatabaseError/locked(path:holder:seconds:)``.
///
/// Once a call has returned, its writes survive a crash of the process and a power failure.
public final class Database: Sendable {
    /// The path of the database file, as given to the initializer. The caches are next to it.
    public let path: String
    /// The options that the database was opened with.
    public let options: DatabaseOptions
    let store: any Store
    let files: DatabaseFiles
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
    public init(path: String, options: DatabaseOptions = DatabaseOptions()) throws {
        self.path = path
        self.options = options
        let files = DatabaseFiles(database: path)
        self.files = files
        embedders = EmbedderResolver(given: options.embedder, find: options.findEmbedder)
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
        self.store = store
        makeIndex = { name in
            CollectionCaches(
                of: name, files: files, store: store, policy: options.cachePolicy,
                fileSystem: options.fileSystem, threads: options.threadCount)
        }
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

    /// Runs `body` as the only writer, among tasks and processes.
    func asWriter<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard options.access != .readOnly else { throw DatabaseError.readOnly(path: path) }
        do {
            return try await writers.withLock { [files, options] in
                try await withTaskExecutorPreference(BlockingExecutor.shared) {
                    let lock = try await WriterLock.acquire(
                        files.lock, database: files.database, timeout: options.lockTimeout,
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
