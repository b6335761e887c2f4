import Evaluation
import Foundation
import VectorDatabase

/// One way of searching, tried on all judged queries of a collection.
struct RetrievalExperiment {
    let collection: TestCollection
    let mode: QueryMode
    let isExact: Bool
    /// How many of the first hits the model re-orders by log p(document | query); nil for none.
    let rerankDepth: Int?
    let name: String
    /// Hits asked for: what Recall@1000 needs.
    static let depth = 1000
    /// Queries answered together.
    private static let batch = 64

    /// - Parameter progress: how many queries have been answered.
    func run(
        in documents: DocumentCollection, progress: (Int) -> Void = { _ in }
    ) async throws -> Evaluation.Run {
        var run = Evaluation.Run(name: name)
        var done = 0
        while done < collection.queries.count {
            try Task.checkCancellation()
            let part = collection.queries[done...].prefix(Self.batch)
            let answers = try await documents.query(part.map { query(for: $0) })
            for (asked, answer) in zip(part, answers) {
                var hits: [Evaluation.Run.Hit] = []
                for hit in answer.hits where hits.count < Self.depth {
                    if try isQueryItself(hit.id, asked, in: documents) { continue }
                    hits.append(.init(document: Identifier(hit.id), score: Float(hit.score)))
                }
                run[asked.id] = hits
            }
            done += part.count
            progress(done)
        }
        return run
    }

    private func query(for asked: TestCollection.Query) -> Query {
        // One more than wanted, for the hit that may be dropped.
        var query = Query(asked.text, limit: Self.depth + 1, mode: mode, isExact: isExact)
        query.rerankDepth = rerankDepth
        query.fetchesContent = false
        return query
    }

    /// A hit is dropped only where id and text are both the query's: in many collections ids of
    /// queries and of documents that have nothing to do with each other are the same numbers.
    private func isQueryItself(
        _ id: String, _ asked: TestCollection.Query, in documents: DocumentCollection
    ) throws -> Bool {
        guard Identifier(id) == asked.id, let document = try documents.document(id) else {
            return false
        }
        let trimmed = { (text: String) in text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let text = trimmed(asked.text)
        return trimmed(document.text) == text
            || trimmed("\(document.title) \(document.text)") == text
    }
}
