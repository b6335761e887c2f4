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
    /// LLM2Vec-Gen (BehnamGhader et al. 2026): the compressed tokens, projected, learn to carry what
    /// the language model answers.
    case respond

    /// Whether the stage is one of AutoRegEmbed's, which an LLM2Vec-Gen model does not go through.
    package var isAutoRegEmbed: Bool { [.compress, .align, .contrast].contains(self) }
}

/// The former name of `EmbeddingTask`.
@available(*, deprecated, renamed: "EmbeddingTask")
public typealias TrainingTask = EmbeddingTask
