import Foundation
import GRDB
import Synchronization

/// The words of full-text queries.
enum FullText {
    /// What the index is given: FTS5's text ends at a NUL character, which here is a space.
    static func indexed(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: " ") : text
    }
}

/// How many passages hold a term, remembered while the collection stays about the same.
final class DocumentFrequencyCache: Sendable {}

extension DocumentStore {
    /// The best passages by BM25 over title and text, stemmed; best first, then by key.
    package func search(
        fullText query: String, limit: Int, where predicate: MetadataPredicate? = nil,
        in collection: CollectionRecord
    ) throws(StoreError) -> [LexicalHit] {
        try read { database in
            let tokenizer = try database.makeTokenizer(.unicode61())
            let words = try tokenizer.tokenize(query: FullText.indexed(query)).map(\.token)
            guard !words.isEmpty else { return [] }
            let match = words.prefix(64).map { "\"\($0)\"" }.joined(separator: " OR ")
            var sql = """
                SELECT rowid, bm25(full_text_\(collection.id)) AS score
                FROM full_text_\(collection.id) WHERE full_text_\(collection.id) MATCH :match
                """
            var arguments: [String: DatabaseValue] = [
                "match": match.databaseValue, "limit": limit.databaseValue,
            ]
            if let predicate {
                let condition = try PredicateSQL(
                    predicate, fields: IndexedField.all(of: collection.id, in: database))
                arguments.merge(condition.arguments) { $1 }
                arguments["collection"] = collection.id.databaseValue
                sql += """

                    AND rowid IN (SELECT p.key
                        FROM document AS d JOIN passage AS p ON p.document = d.key
                        WHERE d.collection = :collection AND \(condition.sql))
                    """
            }
            return try Row.fetchAll(
                database, sql: sql + " ORDER BY score, rowid LIMIT :limit",
                arguments: StatementArguments(arguments)
            ).map { LexicalHit(passage: $0[0], score: -($0[1] as Double)) }
        }
    }
}
