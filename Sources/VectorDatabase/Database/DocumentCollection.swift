import DocumentStore
import Synchronization

/// The documents under one name in a database, with vectors of one embedder and one metric.
///
/// Get it from ``Database/collection(_:)``. It may not exist yet: reading from it then throws
/// ``DatabaseError/collectionMissing(name:path:)``; the first `ingest`
/// creates it.
public final class DocumentCollection: Sendable {
    public let name: String
    package let database: Database
    let caches: CollectionCaches

    init(name: String, database: Database) {
        self.name = name
        self.database = database
        caches = CollectionCaches(
            of: name, files: database.files, store: database.store,
            policy: database.options.cachePolicy, fileSystem: database.options.fileSystem,
            threads: database.threadCount)
    }

    /// Whether anything was ever ingested into it.
    public var exists: Bool {
        get throws { try rethrowing { try store.collection(named: name) != nil } }
    }

    /// Which embedder made the vectors; `nil` for ready-made ones, and where there are none.
    package var recordedEmbedder: EmbedderIdentity? {
        get throws {
            let record = try rethrowing { try requireRecord() }
            return record.dimensions > 0 ? EmbedderIdentity(record) : nil
        }
    }

    var store: DocumentStore { database.store }

    func requireRecord() throws -> CollectionRecord {
        guard let record = try store.collection(named: name) else {
            throw DatabaseError.collectionMissing(name: name, path: database.path)
        }
        return record
    }

    /// Lets go of mapped files.
    func release() { caches.release() }
}
