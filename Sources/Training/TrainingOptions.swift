import Foundation
import JSON
import Tensors

/// Everything that decides a training run: the same options, data and model give the same bytes.
public struct TrainingOptions: Sendable, Codable, Equatable {
    public var stage: TrainingStage
    /// The model folder to start from.
    public var model: String
    /// The base model's folder, where `model` is an adapter's that does not name it; nil: the one that
    /// it names.
    public var base: String?
    /// The JSON Lines file to train on.
    public var data: String
    /// The model folder to write.
    public var output: String
    /// The frozen decoder's folder; nil: the one that the model names, else the model itself as it
    /// was before training.
    public var decoder: String?

    public var epochs: Int
    /// Ends the run after so many steps, and is what the schedule is laid out for.
    public var maximumSteps: Int?
    public var batchSize: Int
    /// Rows computed at once; nil: as many as stay below `microBatchTokens`. Gradients add up to
    /// those of the whole batch.
    public var microBatchSize: Int?
    public var microBatchTokens = 16_384
    public var learningRate: Double
    public var warmupRatio = 0.05
    public var schedule = LearningRateSchedule.cosine
    public var weightDecay = 0.0
    public var maximumGradientNorm = 1.0
    /// Nil: bfloat16 if the checkpoint is stored so, else float32.
    public var precision: ComputePrecision?
    public var task = TrainingTask.retrieval
    /// The most tokens of a text, and of a target.
    public var maximumLength: Int?
    public var seed: UInt64 = 0
    public var shuffles = true

    /// Nil: all weights are trained.
    public var adapterRank: Int?
    /// Nil: twice the rank.
    public var adapterAlpha: Double?
    public var adapterDropout = 0.0
    /// Write the sum of weights and adapter instead of both.
    public var merges = false
    /// Weights that stay as they are: names of the checkpoint's parameters, or of what they are
    /// under (`model.embed_tokens`, `model.layers.0.self_attn`). Sorted, each once.
    public var frozen: [String] = []

    /// Alignment: the factor inside the similarity.
    public var beta = 0.1
    /// Nil: 0.05 for alignment, 0.02 for contrast.
    public var temperature: Double?
    public var similarity = AlignmentSimilarity.sigmoid
    public var strategy = AlignmentStrategy.documentGivenQuery
    /// The file that the reference scores are kept in, and read from if they fit; nil: in the output folder until
    /// the run is done.
    public var referenceScores: String?
    /// Add the reference difference instead of subtracting it, as the authors' trainer does.
    public var reversesReferenceSign = false
    /// The most negatives used of each row.
    public var negatives = 7
    public var usesInBatchNegatives = false

    /// Compute layers again in the backward pass instead of keeping their values.
    public var recomputesLayers = false
    /// Save the whole state every so many steps.
    public var saveSteps: Int?
    /// Measure the model after every so many steps, too, not only before the first and after the
    /// last. Measuring changes nothing that is trained.
    public var evaluationSteps: Int?
    public var threads: Int

    /// The stage's usual settings (the paper's, if it says).
    public init(
        stage: TrainingStage, model: String, data: String, output: String, threads: Int
    ) {
        self.stage = stage
        self.model = model
        self.data = data
        self.output = output
        self.threads = threads
        batchSize = 32
        switch stage {
        case .pretrain: (learningRate, epochs) = (6e-4, 1)
        case .compress: (learningRate, epochs) = (2e-5, 2)
        case .align: (learningRate, epochs) = (5e-6, 4)
        case .contrast: (learningRate, epochs) = (2e-5, 1)
        }
    }

    public typealias CodingKeys = TrainingOption

    /// What neither losses nor weights depend on.
    private static let free: Set<TrainingOption> = [
        .threads, .saveSteps, .model, .base, .data, .output, .decoder, .referenceScores,
        .evaluationSteps,
    ]

    /// The settings that decide losses and weights, beside the content of model and data.
    var deciding: [String: String] {
        let free = Set(Self.free.map(\.rawValue))
        // Strings, numbers and flags only: encoding fails for numbers that `validate` refuses.
        let object = (try? JSONValue(encoding: self))?.objectValue ?? [:]
        var deciding: [String: String] = [:]
        for (key, value) in object where !free.contains(key) {
            deciding[key] = Self.recorded(value)
        }
        return deciding
    }

    /// A setting as version 0.1 recorded it, so that its saved states can be resumed: flags are 1 and
    /// 0, numbers without a fraction have none.
    private static func recorded(_ value: JSONValue) -> String {
        switch value {
        case .bool(let flag): flag ? "1" : "0"
        case .number(let number) where number.magnitude < 1e16:
            Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .string(let text): text
        case .array(let elements): "\(elements.compactMap(\.stringValue))"
        default: value.jsonText
        }
    }

    /// A setting that cannot be, as a fact about it.
    ///
    /// - Parameter isEvaluated: whether the run has an evaluation.
    public func validate(isEvaluated: Bool) throws(TrainingError) {
        func check(
            _ number: (some BinaryInteger)?, _ option: TrainingOption, _ range: OptionRange
        ) throws(TrainingError) {
            try check(number.map { Double($0) }, option, range)
        }
        func check(
            _ number: Double?, _ option: TrainingOption, _ range: OptionRange
        ) throws(TrainingError) {
            if let number, !range.contains(number) { throw .badOption(option, .outside(range)) }
        }
        func check(
            _ holds: Bool, _ option: TrainingOption, _ problem: OptionProblem
        ) throws(TrainingError) {
            if !holds { throw .badOption(option, problem) }
        }
        try check(epochs, .epochs, .count())
        try check(maximumSteps, .maximumSteps, .atLeast(1))
        try check(batchSize, .batchSize, .count())
        try check(microBatchSize, .microBatchSize, .count())
        try check(learningRate, .learningRate, .notNegative)
        try check(warmupRatio, .warmupRatio, .share)
        try check(weightDecay, .weightDecay, .notNegative)
        // Infinite: gradients are not clipped.
        if maximumGradientNorm != .infinity {
            try check(maximumGradientNorm, .maximumGradientNorm, .positive)
        }
        try check(maximumLength, .maximumLength, .count(atLeast: stage == .pretrain ? 2 : 1))
        try check(adapterRank, .adapterRank, .rank)
        try check(adapterDropout, .adapterDropout, .shareBelowOne)
        try check(temperature, .temperature, .positive)
        try check(beta, .beta, .positive)
        try check(negatives, .negatives, .atLeast(usesInBatchNegatives ? 0 : 1))
        try check(threads, .threads, .threads)
        try check(saveSteps, .saveSteps, .atLeast(1))
        try check(evaluationSteps, .evaluationSteps, .atLeast(1))
        try check(
            strategy == .documentGivenQuery || !similarity.isDivergence, .strategy,
            .withDivergence(similarity))
        try check(evaluationSteps == nil || isEvaluated, .evaluationSteps, .withoutEvaluation)
        if stage == .pretrain, isEvaluated { throw .evaluatesLanguageModel }
        try check(stage != .pretrain || adapterRank == nil, .adapterRank, .needsEmbedderStage)
        try check(frozen.isEmpty || adapterRank == nil, .frozen, .besideAdapter)
        let place = { (path: String) in URL(filePath: path).standardizedFileURL.path }
        try check(place(output) != place(model), .output, .sameFolder(.model))
    }
}
