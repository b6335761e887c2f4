import GRDB

extension DocumentStore {
    /// The most documents that a filter or a sync deletes in one transaction.
    private static let batchSize = 1000

    /// Deletes documents in one transaction, including those with damaged rows. Ids that do not
    /// exist are ignored.
    package func delete(ids: [String], from collection: CollectionRecord) throws(StoreError)
        -> DeleteOutcome
    {
        try write { database in
            let current = try CollectionRecord.require(collection, in: database)
            var writer = try BatchWriter(database, collection: current)
            var deleted = 0
            for id in ids {
                guard let existing = try writer.existing(id: id) else { continue }
                try writer.delete(documentKey: existing.key)
                deleted += 1
            }
            return DeleteOutcome(deleted: deleted, position: try writer.finish())
        }
    }

    /// Deletes the matching documents in batches, each in its own transaction.
    package func delete(
        where predicate: MetadataPredicate, from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        let keys = try documentKeys(where: predicate, in: collection)
        return try delete(documentKeys: keys, from: collection)
    }

    /// Deletes documents in batches, each in its own transaction. Keys that do not exist are ignored.
    package func delete(documentKeys keys: [Int64], from collection: CollectionRecord)
        throws(StoreError) -> DeleteOutcome
    {
        var deleted = 0
        var position = try position(of: collection)
        var start = 0
        while start < keys.count {
            let end = min(start + Self.batchSize, keys.count)
            (deleted, position) = try write { database in
                let current = try CollectionRecord.require(collection, in: database)
                var writer = try BatchWriter(database, collection: current)
                var gone = deleted
                for key in keys[start..<end] where try writer.has(documentKey: key) {
                    try writer.delete(documentKey: key)
                    gone += 1
                }
                return (gone, try writer.finish())
            }
            start = end
        }
        return DeleteOutcome(deleted: deleted, position: position)
    }
}
