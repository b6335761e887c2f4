import LexicalIndex
import Storage
import VectorDatabase

/// Search by words.
extension PostgresRetriever {
    /// - Throws: `unavailable`: words are not stored in PostgreSQL yet.
    func lexical(_ text: String, depth: Int, scoring: BM25) throws -> Candidates {
        throw StoreError.unavailable(
            path: store.location.description,
            reason: "words are not stored in PostgreSQL yet, so documents are found by vector only "
                + "(mode dense)")
    }
}
