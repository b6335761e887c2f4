import GRDB
import LexicalIndex

extension DocumentStore {
    /// The best passages by BM25 over title and text, stemmed: best first, equal scores by key.
    ///
    /// Any text is a query; a passage needs only one of its words. In collections of 256 passages or
    /// more, words in more than 40 % of them are left out unless there are no others; of a long query
    /// the 64 terms of the greatest weight are used. Time grows with the passages that match.
    package func search(
        fullText query: String, limit: Int, where predicate: MetadataPredicate? = nil,
        in collection: CollectionRecord
    ) throws(StoreError) -> [ScoredKey] {
        guard limit > 0 else { return [] }
        return try read { database in
            let query = try lexicalQuery(query, in: collection, database)
            guard !query.terms.isEmpty else { return [] }
            var arguments: [String: DatabaseValue] = [
                "match": query.match.databaseValue, "limit": limit.databaseValue,
            ]
            let weights = query.terms.indices.map { ":w\($0)" }
            for (name, term) in zip(weights, query.terms) {
                arguments[String(name.dropFirst())] = term.weight.databaseValue
            }
            let table = "full_text_\(collection.id)"
            var filter = ""
            if let predicate {
                let condition = try PredicateSQL(
                    predicate, fields: IndexedField.all(of: collection.id, in: database))
                arguments.merge(condition.arguments) { $1 }
                arguments["collection"] = collection.id.databaseValue
                // The plus sign keeps SQLite from running the match once for each passage.
                filter = """
                    AND +rowid IN (SELECT p.key
                        FROM document AS d JOIN passage AS p ON p.document = d.key
                        WHERE \(PredicateSQL.isInCollection) AND \(condition.sql))
                    """
            }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT rowid, \(BM25Function.name)(\(table), \(weights.joined(separator: ", ")))
                        AS score
                    FROM \(table) WHERE \(table) MATCH :match \(filter)
                    ORDER BY score DESC, rowid LIMIT :limit
                    """, arguments: StatementArguments(arguments)
            ).map { ScoredKey(key: $0[0], score: $0[1]) }
        }
    }

    private func lexicalQuery(
        _ text: String, in collection: CollectionRecord, _ database: Database
    ) throws -> LexicalQuery {
        let current = try CollectionRecord.read(collection, in: database)
        let position = try ChangeLog.position(of: current.id, in: database)
        let statement = try database.cachedStatement(
            sql: "SELECT doc FROM full_text_term_\(current.id) WHERE term = ?")
        return try LexicalQuery(text, passageCount: current.passageCount) { stem in
            let stem = String(decoding: stem, as: UTF8.self)
            return try documentFrequencies.frequency(
                of: stem, collection: current.id, position: position
            ) { try Int.fetchOne(statement, arguments: [stem]) ?? 0 }
        }
    }
}
