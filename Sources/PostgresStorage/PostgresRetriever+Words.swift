import LexicalIndex
import PostgresStore
import VectorDatabase

/// Search by words.
extension PostgresRetriever {
    func lexical(_ text: String, depth: Int, scoring: BM25) throws -> Candidates {
        var found = Candidates()
        if matchingPassages == 0 { return found }
        let words = try store.lexical(
            text, limit: depth, scoring: scoring, where: filter, in: record)
        found.documents = words.documents.map {
            Candidate(key: $0.key, id: $0.id, passage: $0.passage, score: $0.score)
        }
        found.cost.postings = words.postings
        found.cost.scoredPassages = words.scored
        return found
    }
}
