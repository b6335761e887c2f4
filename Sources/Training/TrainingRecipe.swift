import Transformer

/// Settings that a stage has by default, for models of different sizes.
public enum TrainingRecipe: String, Sendable, Codable, CaseIterable {
    /// The papers', found for models of billions of weights.
    case paper
    /// For adapters of language models of about a hundred million weights: found on SmolLM2-135M, on
    /// data that no result is measured on (`Benchmarks/results/compression.md` and `similarity.md`).
    /// Stages other than compress, align and contrast have the paper's.
    case small

    /// The layers of a small language model have so many weights. With fewer, as the built-in model
    /// has, the rates of `small` take a model apart.
    static let smallLayers = 20_000_000...700_000_000

    /// The recipe for a model and an adapter.
    ///
    /// - Parameters:
    ///   - model: the folder to start from.
    ///   - base: the base model's folder, if `model` holds only an adapter and does not name it.
    ///   - adapterRank: the rank of the adapter that is trained; nil trains all weights, with the
    ///     paper's settings.
    /// - Throws: `TrainingError` if the base or its configuration cannot be read.
    public init(model: String, base: String?, adapterRank: Int?) throws(TrainingError) {
        self = .paper
        guard adapterRank != nil else { return }
        let folder = try ModelFolder(path: SavedAdapter.base(of: model, given: base))
        self.init(forAdapterOf: folder.configuration)
    }

    /// The recipe for an adapter of a language model.
    package init(forAdapterOf configuration: ModelConfiguration) {
        let tables = [ModelConfiguration.embeddingName, ModelConfiguration.outputName]
        let weights = configuration.parameters.reduce(0) { sum, parameter in
            tables.contains(parameter.name) ? sum : sum + parameter.shape.reduce(1, *)
        }
        self = Self.smallLayers.contains(weights) ? .small : .paper
    }
}

extension TrainingOptions {
    /// Replaces the settings that recipes have: rates, schedule, batch size, and how compressed tokens
    /// start and enter the decoder. Other options stay.
    public mutating func use(_ recipe: TrainingRecipe) {
        let paper = TrainingOptions(
            stage: stage, model: model, data: data, output: output, threads: threads)
        (learningRate, batchSize) = (paper.learningRate, paper.batchSize)
        schedule = paper.schedule
        (compressedTokenLearningRate, compressedTokenStart, decoderScale) = (nil, nil, nil)
        (temperature, usesInBatchNegatives) = (nil, false)
        guard recipe == .small else { return }
        switch stage {
        case .pretrain, .respond: break
        case .compress:
            // At 6e-4 and 7e-4 the text may never be learned, however slow the warm-up.
            (learningRate, compressedTokenLearningRate) = (3e-4, 1e-3)
            (schedule, batchSize) = (.linear, 24)
            // Without these the model learns the language of the targets, but nothing of the text.
            (compressedTokenStart, decoderScale) = ("...", .automatic)
        case .align:
            // The lowest rate that was tried; at 5e-4 the gain of compression is lost.
            (learningRate, batchSize) = (1e-4, 16)
        case .contrast:
            (learningRate, batchSize) = (5e-4, 24)
            (temperature, usesInBatchNegatives) = (0.05, true)
        }
    }
}
