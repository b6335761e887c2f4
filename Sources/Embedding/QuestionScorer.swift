/// A language model that tells how well questions fit passages, which reranks the first hits of a
/// query.
public protocol QuestionScorer: Sendable {
    /// log p(question | passage) of each passage, in order: natural logarithms, the mean over the
    /// question's tokens.
    func questionLogProbabilities(
        of question: String, given passages: [String]
    ) async throws -> [Double]
}
