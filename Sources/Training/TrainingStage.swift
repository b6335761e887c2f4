import Tensors

/// The stages of training, in the order of the recipe.
public enum TrainingStage: String, Sendable, CaseIterable, Codable {
    /// Next-token prediction, which trains the language model itself.
    case pretrain
    /// Information compression (section 3.2 of the paper): the compressed tokens learn to carry a
    /// text.
    case compress
    /// Conditional distribution alignment (section 3.3 of the paper): a query's compressed tokens
    /// learn to predict its documents.
    case align
    /// InfoNCE (van den Oord et al. 2018) on the vectors that the database searches.
    case contrast
}

/// The course of the learning rate after the warm-up, as Hugging Face transformers' schedules of
/// these names.
public enum LearningRateSchedule: String, Sendable, CaseIterable, Codable {
    case cosine, linear, constant

    var shape: Schedule.Shape {
        switch self {
        case .cosine: .cosine
        case .linear: .linear
        case .constant: .constant
        }
    }
}

/// Which of the model's instructions a run uses: retrieval, or semantic textual similarity (STS).
public enum TrainingTask: String, Sendable, CaseIterable, Codable {
    case retrieval, sts
}
