import Storage

extension DocumentCollection {
    /// The embedder that made this collection's vectors.
    ///
    /// - Throws: `noRecordedEmbedder` if the vectors are ready-made; `embedderMissing`,
    ///   `embedderUnavailable` or `embedderMismatch` if it cannot be loaded.
    func requireEmbedder(for record: CollectionRecord) throws -> any Embedder {
        guard let identity = EmbedderIdentity(record) else {
            if let given = try database.embedders.embedder(for: nil, collection: name) {
                throw DatabaseError.noRecordedEmbedder(collection: name, given: given.identity)
            }
            throw DatabaseError.embedderMissing(collection: name, recorded: nil)
        }
        guard let embedder = try database.embedders.embedder(for: identity, collection: name)
        else { throw DatabaseError.embedderMissing(collection: name, recorded: identity) }
        return embedder
    }

    /// The embedder that encodes texts of this collection: the recorded one, loaded on first use.
    /// For a collection that does not exist yet, the one that an ingest would use.
    ///
    /// - Throws: ``DatabaseError``: `embedderMissing`, `embedderUnavailable`, `embedderMismatch`;
    ///   `noRecordedEmbedder` for ready-made vectors.
    public var embedder: any Embedder {
        get throws {
            if let record = try rethrowing({ try store.collection(named: name) }) {
                return try requireEmbedder(for: record)
            }
            if let embedder = try database.embedders.embedder(for: nil, collection: name) {
                return embedder
            }
            throw DatabaseError.embedderMissing(collection: name, recorded: nil)
        }
    }
}

extension Database {
    /// The embedder for a collection that records none: the one that a new collection would get.
    ///
    /// - Throws: ``DatabaseError``: `embedderMissing`, `embedderUnavailable`.
    package func unrecordedEmbedder(for collection: String) throws -> any Embedder {
        guard let embedder = try embedders.embedder(for: nil, collection: collection) else {
            throw DatabaseError.embedderMissing(collection: collection, recorded: nil)
        }
        return embedder
    }
}
