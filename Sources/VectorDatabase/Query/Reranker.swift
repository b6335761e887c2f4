/// Scores the first hits of a query again.
enum Reranker: Sendable {
    /// By log p(document | query) alone.
    case documentLikelihood(any ScoringEmbedder)
    /// By the first score plus `weight` times log p(question | passage), both standardized over the
    /// hits: their sizes have nothing to do with each other.
    case questionLikelihood(any QuestionScorer, weight: Double)

    /// log p(document | query) or log p(question | passage) of each text, in order.
    func logProbabilities(of texts: [String], and query: String) async throws -> [Double] {
        let (values, name) =
            switch self {
            case .documentLikelihood(let embedder):
                (
                    try await embedder.logProbabilities(of: texts, given: query),
                    "'\(embedder.identity.name)'"
                )
            case .questionLikelihood(let scorer, _):
                (
                    try await scorer.questionLogProbabilities(of: query, given: texts),
                    "the model that reranks"
                )
            }
        guard values.count == texts.count, values.allSatisfy({ !$0.isNaN && $0 < .infinity }) else {
            throw DatabaseError.encodingFailed(
                embedder: name,
                reason:
                    "it gave \(values.count) probabilities for \(texts.count) documents, or one "
                    + "that is not a number")
        }
        return values
    }

    /// The new scores of hits.
    ///
    /// - Parameters:
    ///   - first: their scores before.
    ///   - logProbabilities: what ``logProbabilities(of:and:)`` gives.
    func scores(first: [Double], logProbabilities: [Double]) -> [Double] {
        guard case .questionLikelihood(_, let weight) = self else { return logProbabilities }
        return zip(Self.standardized(first), Self.standardized(logProbabilities)).map {
            $0 + weight * $1
        }
    }

    /// (x - mean) / standard deviation of each; 0 if all are equal. Impossible questions, whose
    /// log-probability is infinite, are as the least likely of the others.
    private static func standardized(_ values: [Double]) -> [Double] {
        let least = values.filter(\.isFinite).min() ?? 0
        let values = values.map { $0.isFinite ? $0 : least }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        guard variance > 0 else { return values.map { _ in 0 } }
        return values.map { ($0 - mean) / variance.squareRoot() }
    }
}
