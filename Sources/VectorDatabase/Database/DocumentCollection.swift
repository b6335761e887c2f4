import DocumentStore
import Synchronization

/// The documents under one name in a database, with vectors of one embedder and one metric.
///
/// Get it from ``Database/collection(_:)``. It may not exist yet: reading from it then throws
/// ``DatabaseError/collectionMissing(name:path:)``; the first ``ingest(_:options:progress:)-…``
/// makes it.
public final class DocumentCollection: Sendable {
    public let name: String
    package let database: Database
    let index: CollectionIndex

    init(name: String, database: Database) {
        self.name = name
        self.database = database
        let policy = database.options.indexPolicy
        index = CollectionIndex(
            files: CacheFiles(
                graph: database.files.graph(of: name), flat: database.files.vectors(of: name),
                fileSystem: database.options.fileSystem),
            lexicon: CollectionLexicon(
                files: database.files.lexical(
                    of: name, fileSystem: database.options.fileSystem),
                store: database.store, policy: policy),
            store: database.store, policy: policy, threads: database.threadCount)
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
    func release() { index.release() }
}
