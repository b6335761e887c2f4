import GRDB

extension DocumentStore {
    /// Calls `body` with the metadata of every document, as JSON; without any, `nil`.
    package func forEachMetadata(
        in collection: CollectionRecord, _ body: (String?) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: "SELECT metadata FROM document WHERE collection = ? ORDER BY key"),
                arguments: [collection.id])
            while let row = try rows.next() { try body(row[0]) }
        }
    }
}
