import Embedding

/// An embedder that was loaded from a model's files: a decoder-only language model, or an encoder.
public protocol ModelEmbedder: Embedder {
    /// The vectors of `texts`, in their order. A text's vector does not depend on the texts beside it.
    ///
    /// - Parameters:
    ///   - texts: the texts to encode, of any length and number.
    ///   - instruction: what the model is asked to express, or the prompt that it was trained with:
    ///     `next` for queries, `self_` for documents.
    ///   - task: which of the model's pairs of instructions is meant, if it has several.
    ///   - isCancelled: asked between batches.
    /// - Throws: ``AutoRegEmbedError``; `CancellationError` if `isCancelled` says so.
    func encode(
        _ texts: [String], instruction: Instruction, task: EmbeddingTask,
        isCancelled: @Sendable () -> Bool
    ) throws -> [EncodedText]

    /// The vectors of `texts` before normalization, in their order. Another model can be trained to
    /// have them.
    ///
    /// - Throws: as `encode`.
    func unnormalizedVectors(
        of texts: [String], instruction: Instruction, task: EmbeddingTask,
        isCancelled: @Sendable () -> Bool
    ) throws -> [[Float]]

    /// The ids that the model reads for a text, with all that is put around it.
    func inputTokens(_ text: String, instruction: Instruction, task: EmbeddingTask) -> [Int32]

    /// The text of ids of the model's vocabulary; `nil` if it lacks one.
    func text(ofTokens ids: [Int]) -> String?

    /// The number of a vector's elements.
    var dimensions: Int { get }

    /// How products are computed: `float32`, `bfloat16` or `int8`.
    var arithmetic: String { get }

    /// What the model is, from its files' heads.
    var summary: ModelSummary { get }

    /// 32 hexadecimal digits over whatever changes a vector. The first use reads all weights.
    var modelFingerprint: String { get }
}
