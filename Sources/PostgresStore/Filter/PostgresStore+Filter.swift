import Storage

extension PostgresStore {
    /// The ids of matching documents, in their byte order.
    package func ids(
        where predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> [String] {
        let tree = try NormalizedPredicate(predicate)
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let condition = try condition(tree, layout, connection)
            return try connection.run(
                """
                SELECT d.id FROM \(layout.documents) AS d
                WHERE d.\(layout.anyPlace) AND \(condition.sql) ORDER BY d.id
                """, condition.parameters
            ).rows.map { try $0.text(0) }
        }
    }

    /// The number of matching documents.
    package func count(
        where predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> Int {
        Int(try count(where: predicate, in: collection) { try $0[0].integer(0) })
    }

    /// The plan of a count, as PostgreSQL explains it, for tests.
    func plan(
        ofCountWhere predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> String {
        try count(where: predicate, in: collection, "EXPLAIN (COSTS OFF) ") { answer in
            try answer.rows.map { try $0.text(0) }.joined(separator: "\n")
        }
    }

    private func count<T>(
        where predicate: MetadataPredicate, in collection: CollectionRecord,
        _ prefix: String = "", _ reading: (PostgresResult) throws -> T
    ) throws(StoreError) -> T {
        let tree = try NormalizedPredicate(predicate)
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let condition = try condition(tree, layout, connection)
            return try reading(
                connection.run(
                    """
                    \(prefix)SELECT count(*) FROM \(layout.documents) AS d
                    WHERE d.\(layout.anyPlace) AND \(condition.sql)
                    """, condition.parameters))
        }
    }

    /// A predicate as SQL, after its questions have been answered.
    ///
    /// - Parameter parameters: of the statement around it, before its own.
    func condition(
        _ predicate: NormalizedPredicate, after parameters: [PostgresValue] = [],
        _ layout: CollectionLayout, _ connection: PostgresConnection
    ) throws -> PostgresPredicate {
        let answers = try PostgresPredicate.questions(in: predicate).map { question in
            guard let statement = PostgresPredicate.texts(of: question, in: layout) else {
                return [String]()
            }
            return try connection.run(statement.sql, statement.parameters).rows
                .map { try $0.text(0) }
                .filter { PostgresPredicate.passes($0, question) }
        }
        return PostgresPredicate(
            predicate, after: parameters, answers: answers,
            indexed: try knownFields(of: layout, connection))
    }
}
