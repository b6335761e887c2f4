import Tensors

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

/// The learning rate over a run, as transformers' schedules of these names.
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

/// Which of AutoRegEmbed's instructions a run uses.
public enum TrainingTask: String, Sendable, CaseIterable, Codable {
    case retrieval, sts
}
