import DocumentStore

extension DocumentCollection {
    /// The embedder that made this collection's vectors.
    ///
    /// - Throws: `noRecordedEmbedder` where they are ready-made; `embedderMissing`,
    ///   `embedderUnavailable` or `embedderMismatch` where it cannot be had.
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

    /// The embedder with which texts of this collection are encoded: the recorded one, loaded where
    /// it is needed for the first time. For a collection that does not exist yet, the one that an
    /// ingest would use.
    ///
    /// - Throws: ``DatabaseError`` as ``query(_:limit:mode:filter:)`` does.
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
