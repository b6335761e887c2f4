import FileFormat
import Foundation

/// How a database is opened.
public struct DatabaseOptions: Sendable {
    /// What opening a database may do to its file.
    public enum Access: Sendable {
        /// The file must exist. Nothing is written to it.
        case readOnly
        /// The file must exist.
        case readWrite
        /// If there is no file, an empty database is created.
        case create
    }

    /// Whether the database may be written to, and created if there is none.
    public var access = Access.create

    /// The embedder for all collections. If `nil`, each collection's recorded embedder is found by
    /// ``findEmbedder``.
    public var embedder: (any Embedder)?

    /// Finds the embedder of a collection when one is first needed. It is called with the
    /// collection's recorded identity, or `nil` for a collection that records none. What it returns
    /// is checked against the recorded identity, then kept. The default finds none. For model
    /// folders use AutoRegEmbed's `RecordedModelFinder().find`; to include the built-in model,
    /// `DefaultModel.finder.find`.
    ///
    /// Several threads may call it at once, though never for the same identity, and it may use the
    /// database. An `EmbedderUnavailable` that it throws becomes
    /// ``DatabaseError/embedderUnavailable(path:reason:)``; other errors are passed on unchanged.
    public var findEmbedder: @Sendable (EmbedderIdentity?) throws -> (any Embedder)? = { _ in nil }

    /// How long a writer waits for one in another process before it throws
    /// ``DatabaseError/locked(path:holder:seconds:)``. Writers within this process queue without a
    /// limit. In PostgreSQL, how long a transaction is tried again that another one was in the way of, or
    /// whose connection was lost.
    public var lockTimeout: Duration = .seconds(10)

    /// Called once for a writer that has waited a second for one in another process, with the name of
    /// that if it is known: "process 1234 (vdb)".
    public var isWaiting: (@Sendable (_ holder: String?) -> Void)?

    /// The number of threads for search and indexing, at least 1; `nil` for as many as there are
    /// processors.
    public var threads: Int?

    /// Whether the graphs that are written have one-bit codes of each node's neighbors, with which a
    /// search takes about half as long and the graph's file is more than five times as large (2.4 KB a
    /// vector of 384 dimensions more); `nil` for those that have them already. Graphs of full vectors never have
    /// them, nor do those in PostgreSQL.
    public var neighborCodes: Bool?

    /// When caches are written; set only in tests.
    package var cachePolicy = CachePolicy()

    /// The file system for caches, backups and the writer's lock; set only in tests.
    package var fileSystem: any FileSystem = SystemFileSystem()

    package var threadCount: Int {
        max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The defaults: create the database if there is none, no embedder, a lock timeout of 10
    /// seconds.
    public init() {}
}
