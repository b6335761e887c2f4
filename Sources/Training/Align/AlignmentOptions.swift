/// How the alignment stage compares two conditional distributions. β is ``TrainingOptions/beta``.
public enum AlignmentSimilarity: String, Sendable, CaseIterable, Codable {
    /// σ(β x) of a difference x of log-probabilities: the paper's default.
    case sigmoid
    /// tanh(β x)
    case tanh
    /// log σ(β x)
    case logSigmoid = "log-sigmoid"
    /// KL divergence of the next-token distributions, averaged over the target's positions. Uses
    /// neither β nor reference scores.
    case kl
    /// Jensen-Shannon divergence, averaged likewise.
    case js

    /// Whether whole next-token distributions are compared instead of the target's log-probability.
    var isDivergence: Bool { self == .kl || self == .js }
}

/// Which probabilities the alignment stage compares: the paper's method, and the alternatives in
/// its appendix E. Raw values are the paper's numbers. `AlignLoss` has the formulas.
public enum AlignmentStrategy: Int, Sendable, CaseIterable, Codable {
    /// The paper's: the documents' probabilities under the query's compressed tokens.
    case documentGivenQuery = 0
    /// The query's probabilities under the documents' compressed tokens.
    case queryGivenDocument = 1
    /// The means of the similarities of the two above.
    case bothDirections = 2
    /// The paper's, averaged with the negatives' probabilities under the positive's compressed
    /// tokens.
    case negativeGivenPositive = 3
    /// The paper's, averaged with the positive's probability under the negatives' compressed
    /// tokens.
    case positiveGivenNegative = 4
}
