import Evaluation
import Foundation

/// Runs judged queries with one search configuration, for `vdb eval` and tuning.
package struct RetrievalExperiment: Sendable {
    /// A judged query.
    package struct Question: Sendable {
        package let id: Identifier
        package let text: String

        package init(id: Identifier, text: String) {
            self.id = id
            self.text = text
        }
    }

    let questions: [Question]
    let mode: QueryMode
    let isExact: Bool
    /// How many of the first hits to re-rank; `nil` for none.
    let rerankDepth: Int?
    /// Re-ranks by log p(question | passage); `nil` for log p(document | query).
    let questionScorer: (any QuestionScorer)?
    /// The fusion for hybrid mode.
    let fusion: Fusion
    /// Takes the place of the collection's settings; `nil` for those.
    let search: SearchSettings?
    /// Hits per query.
    let depth: Int
    let name: String
    /// Queries answered together.
    private static let batch = 64

    /// - Parameters:
    ///   - depth: hits per query; as many as the deepest measure needs, such as 1000 for
    ///     Recall@1000.
    ///   - name: the name of the run.
    package init(
        _ questions: [Question], mode: QueryMode, isExact: Bool, rerankDepth: Int? = nil,
        questionScorer: (any QuestionScorer)? = nil, fusion: Fusion = Fusion(),
        search: SearchSettings? = nil, depth: Int = 1000, name: String
    ) {
        self.questions = questions
        self.mode = mode
        self.isExact = isExact
        self.rerankDepth = rerankDepth
        self.questionScorer = questionScorer
        self.fusion = fusion
        self.search = search
        self.depth = depth
        self.name = name
    }

    /// Answers all questions.
    ///
    /// - Parameter progress: called after each batch with the number of queries answered so far.
    package func run(
        in documents: DocumentCollection, progress: (Int) -> Void = { _ in }
    ) async throws -> Evaluation.Run {
        var run = Evaluation.Run(name: name)
        var done = 0
        while done < questions.count {
            try Task.checkCancellation()
            let part = questions[done...].prefix(Self.batch)
            let answers = try await documents.query(part.map { query(for: $0) })
            for (asked, answer) in zip(part, answers) {
                var hits: [Evaluation.Run.Hit] = []
                for hit in answer.hits where hits.count < depth {
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

    private func query(for asked: Question) -> Query {
        // One hit more than wanted, since one may be dropped.
        var query = Query(asked.text, limit: depth + 1, mode: mode, isExact: isExact)
        query.rerankDepth = rerankDepth
        query.questionScorer = questionScorer
        query.fusion = fusion
        query.search = search
        query.fetchesContent = false
        return query
    }

    /// Drops a hit only if both its id and its text are the query's: in many collections, unrelated
    /// queries and documents share numeric ids.
    private func isQueryItself(
        _ id: String, _ asked: Question, in documents: DocumentCollection
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
