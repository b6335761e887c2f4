import GRDB

extension DocumentStore {
    /// Rebuilds what can be derived from the documents: the values of indexed fields.
    package func rebuildDerived(of collection: CollectionRecord) throws(StoreError) {
        try write { database in
            for field in try IndexedField.all(of: collection.id, in: database) {
                try database.execute(
                    sql: "DELETE FROM field_value WHERE field = ?", arguments: [field.id])
                try field.insertValues(ofCollection: collection.id, in: database)
            }
        }
    }
}
