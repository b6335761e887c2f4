import FileFormat

/// How a database is opened.
public struct DatabaseOptions: Sendable {
    public enum Access: Sendable {
        /// Nothing is written; the file must be there.
        case readOnly
        /// The file must be there.
        case readWrite
        /// An empty database is made where there is none.
        case create
    }

    public var access = Access.create

    /// Encodes for every collection. `nil`: each collection's recorded embedder is found by
    /// ``findEmbedder``.
    public var embedder: (any Embedder)?

    /// Finds the embedder of a collection when one is first needed: its recorded identity, or
    /// `nil` for a collection without one. What it returns is compared with the recorded
    /// identity, and kept. The default finds none. For models in folders, use AutoRegEmbed's
    /// `RecordedModelFinder().find`; with the built-in model too, `DefaultModel.finder.find`.
    ///
    /// It may be called by several threads at once, though not for one identity, and may use the
    /// database. An `EmbedderUnavailable` that it throws becomes
    /// ``DatabaseError/embedderUnavailable(path:reason:)``; other errors pass as they are.
    public var findEmbedder: @Sendable (EmbedderIdentity?) throws -> (any Embedder)? = { _ in nil }

    /// How long a writer waits for another one, in this process or in others.
    public var lockTimeout: Duration = .seconds(10)

    /// Threads for search and indexing; `nil`: as many as the process may use.
    public var threads: Int?

    /// When index files are written; other values only in tests.
    package var cachePolicy = CachePolicy()

    /// What writes and reads cache files, backups and the writer's lock; others only in tests.
    package var fileSystem: any FileSystem = SystemFileSystem()

    public init() {}
}
