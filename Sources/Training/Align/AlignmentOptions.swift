/// How two conditional distributions are compared in the alignment stage.
public enum AlignmentSimilarity: String, Sendable, CaseIterable, Codable {
    case sigmoid
    case tanh
    case logSigmoid = "log-sigmoid"
    case kl
    case js

    /// Whether whole next-token distributions are compared, not the target's log-probability.
    var isDivergence: Bool { self == .kl || self == .js }
}

/// Which probabilities the alignment stage compares: the paper's method, and the alternatives of its
/// appendix E. `AlignLoss` has the formulas.
public enum AlignmentStrategy: Int, Sendable, CaseIterable, Codable {
    /// The paper's: the documents' probabilities under the query's compressed tokens.
    case documentGivenQuery = 0
    /// The query's probabilities under the documents' compressed tokens.
    case queryGivenDocument = 1
    /// The means of the two above.
    case bothDirections = 2
    /// The paper's, and the negatives' probabilities under the positive's compressed tokens.
    case negativeGivenPositive = 3
    /// The paper's, and the positive's probability under the negatives' compressed tokens.
    case positiveGivenNegative = 4
}
