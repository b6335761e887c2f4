import Storage
import Synchronization

/// A named set of documents in a database, with vectors of one embedder, compared by one metric.
///
/// Get one from ``Database/collection(_:)``. It may not exist yet: then reading from it throws
/// ``DatabaseError/collectionMissing(name:path:)``, and the first `ingest` creates it.
public final class DocumentCollection: Sendable {
    /// The name that was passed to ``Database/collection(_:)``.
    public let name: String
    package let database: Database
    let index: any CollectionIndex
    let projections = ProjectionCache()

    init(name: String, database: Database) {
        self.name = name
        self.database = database
        index = database.makeIndex(name)
    }

    /// Whether the collection has been created, which the first ingest does.
    public var exists: Bool {
        get throws { try rethrowing { try store.collection(named: name) != nil } }
    }

    /// The embedder that made the vectors; `nil` if they are ready-made or there are none.
    package var recordedEmbedder: EmbedderIdentity? {
        get throws {
            let record = try rethrowing { try requireRecord() }
            return record.dimensions > 0 ? EmbedderIdentity(record) : nil
        }
    }

    var store: any Store { database.store }

    func requireRecord() throws -> CollectionRecord {
        guard let record = try store.collection(named: name) else {
            throw DatabaseError.collectionMissing(name: name, path: database.path)
        }
        return record
    }

    /// Gives back what is held in memory.
    func release() {
        index.release()
        projections.release()
    }
}
