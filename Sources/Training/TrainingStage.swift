/// What is trained, in the order of the recipe.
public enum TrainingStage: String, Sendable, CaseIterable, Codable {
    /// Next-token prediction: makes the language model itself.
    case pretrain
    /// Information compression: the compressed tokens learn to carry a text.
    case compress
    /// Conditional distribution alignment: a query's compressed tokens predict its documents.
    case align
    /// InfoNCE on the vectors that the database searches.
    case contrast
}

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

/// The learning rate over a run, as transformers' schedules of these names.
public enum LearningRateSchedule: String, Sendable, CaseIterable, Codable {
    case cosine, linear, constant
}

/// What matrix products are computed in. Weights, their gradients and the optimizer are float32
/// either way.
public enum TrainingPrecision: String, Sendable, CaseIterable, Codable {
    case float32, bfloat16
}

/// Which of AutoRegEmbed's instructions a run uses.
public enum TrainingTask: String, Sendable, CaseIterable, Codable {
    case retrieval, sts
}
