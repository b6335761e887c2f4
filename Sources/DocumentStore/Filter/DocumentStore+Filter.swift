import GRDB

extension DocumentStore {
    /// The keys of the passages of matching documents, ascending.
    package func passageKeys(where predicate: MetadataPredicate, in collection: CollectionRecord)
        throws(StoreError) -> [Int64]
    {
        try keys(
            "p.key", from: "JOIN passage AS p ON p.document = d.key",
            where: predicate, in: collection)
    }

    /// The ids of matching documents, in their byte order.
    package func ids(where predicate: MetadataPredicate, in collection: CollectionRecord)
        throws(StoreError) -> [String]
    {
        try read { database in
            let condition = try PredicateSQL(
                predicate, fields: IndexedField.all(of: collection.id, in: database))
            var arguments = condition.arguments
            arguments["collection"] = collection.id.databaseValue
            let statement = try condition.prepare(
                """
                \(condition.commonTable) SELECT d.id FROM \(condition.documents)
                WHERE \(PredicateSQL.isInCollection) AND \(condition.sql) ORDER BY d.id
                """, in: database)
            return try String.fetchAll(statement, arguments: StatementArguments(arguments))
        }
    }

    /// The number of matching documents.
    package func count(where predicate: MetadataPredicate, in collection: CollectionRecord)
        throws(StoreError) -> Int
    {
        try documentKeys(where: predicate, in: collection).count
    }

    /// The keys of matching documents, ascending.
    func documentKeys(where predicate: MetadataPredicate, in collection: CollectionRecord)
        throws(StoreError) -> [Int64]
    {
        try keys("d.key", from: "", where: predicate, in: collection)
    }

    /// The condition that SQLite evaluates, for tests that count its look-ups.
    func filterSQL(_ predicate: MetadataPredicate, in collection: CollectionRecord)
        throws(StoreError) -> String
    {
        try read { database in
            let condition = try PredicateSQL(
                predicate, fields: IndexedField.all(of: collection.id, in: database))
            return condition.commonTable + " " + condition.sql
        }
    }

    private func keys(
        _ column: String, from joins: String, where predicate: MetadataPredicate,
        in collection: CollectionRecord
    ) throws(StoreError) -> [Int64] {
        let keys = try read { database in
            let condition = try PredicateSQL(
                predicate, fields: IndexedField.all(of: collection.id, in: database))
            var arguments = condition.arguments
            arguments["collection"] = collection.id.databaseValue
            let statement = try condition.prepare(
                """
                \(condition.commonTable) SELECT \(column) FROM \(condition.documents) \(joins)
                WHERE \(PredicateSQL.isInCollection) AND \(condition.sql)
                """, in: database)
            return try Int64.fetchAll(statement, arguments: StatementArguments(arguments))
        }
        return keys.sorted()
    }
}
