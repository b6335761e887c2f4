import DocumentStore
import Foundation
import Synchronization
import TextBytes

/// A database of documents that are found by meaning and by words: one file, and caches beside it.
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
/// Safe to use from any number of tasks, and from any number of processes at once. Readers never
/// wait for a writer and see what is committed. There is one writer at a time: within a process
/// writers queue, across processes one waits for `DatabaseOptions.lockTimeout` and then throws
/// ``DatabaseError/locked(path:holder:seconds:)``.
///
/// What a call has acknowledged survives a crash of the process and a power cut.
public final class Database: Sendable {
    public let path: String
    public let options: DatabaseOptions
    let store: DocumentStore
    let files: DatabaseFiles
    let embedders: EmbedderResolver
    private let writers = AsyncLock()
    private let collections = Mutex<[Identifier: DocumentCollection]>([:])

    /// Opens a database, or makes it, as `options.access` says.
    ///
    /// - Throws: ``DatabaseError``: `databaseMissing`, `cannotCreate`, `notADatabase`,
    ///   `newerFormat`, `damaged`.
    public init(path: String, options: DatabaseOptions = DatabaseOptions()) throws {
        self.path = path
        self.options = options
        files = DatabaseFiles(database: path)
        embedders = EmbedderResolver(given: options.embedder, find: options.findEmbedder)
        let mode: DocumentStore.Mode =
            switch options.access {
            case .readOnly: .readOnly
            case .readWrite: .readWrite
            case .create: .create
            }
        store = try rethrowing {
            try DocumentStore(
                path: path, mode: mode, busyTimeout: options.lockTimeout,
                fileSystem: options.fileSystem)
        }
    }

    /// Opens a database, or makes it, whose collections one embedder fills.
    public convenience init(path: String, embedder: any Embedder) throws {
        var options = DatabaseOptions()
        options.embedder = embedder
        try self.init(path: path, options: options)
    }

    /// Drawn when the database was made, and the same in its copies: 32 hexadecimal digits.
    public var identity: String { store.identity.hexadecimal }

    /// A collection by name; it need not exist yet. The first ingest makes it.
    public func collection(_ name: String = "default") -> DocumentCollection {
        collections.withLock { collections in
            if let collection = collections[Identifier(name)] { return collection }
            let collection = DocumentCollection(name: name, database: self)
            collections[Identifier(name)] = collection
            return collection
        }
    }

    /// Names of the collections that exist, in order.
    public func collectionNames() throws -> [String] {
        try rethrowing { try store.collections().map(\.name) }
    }

    /// Ends the use of the database: later calls throw ``DatabaseError/closed(path:)``. Wait for
    /// running ones first.
    public func close() throws {
        collections.withLock { $0.values.forEach { $0.release() } }
        try rethrowing { try store.close() }
    }

    var threadCount: Int {
        max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
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
                        fileSystem: options.fileSystem)
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
