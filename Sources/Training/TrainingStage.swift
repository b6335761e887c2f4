import AutoRegEmbed

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

/// The former name of `EmbeddingTask`.
@available(*, deprecated, renamed: "EmbeddingTask")
public typealias TrainingTask = EmbeddingTask
