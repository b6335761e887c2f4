import Foundation
import Tensors

/// Everything that decides a training run: the same options, data and model give the same bytes.
public struct TrainingOptions: Sendable, Codable, Equatable {
    public var stage: TrainingStage
    /// The model folder to start from.
    public var model: String
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
    /// Nil: bfloat16 where the checkpoint is stored so, else float32.
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
    /// Where the reference scores are kept, and read where they fit; nil: in the output folder until
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

    /// The stage's usual settings (the paper's, where it says).
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

    /// Names as the command line has them, for messages and saved states.
    enum CodingKeys: String, CodingKey {
        case stage
        case model = "--model"
        case data = "--data"
        case output = "--out"
        case decoder = "--decoder"
        case epochs = "--epochs"
        case maximumSteps = "--max-steps"
        case batchSize = "--batch-size"
        case microBatchSize = "--micro-batch-size"
        case microBatchTokens = "the micro-batch's tokens"
        case learningRate = "--learning-rate"
        case warmupRatio = "--warmup-ratio"
        case schedule = "--schedule"
        case weightDecay = "--weight-decay"
        case maximumGradientNorm = "--max-grad-norm"
        case precision = "--precision"
        case task = "--task"
        case maximumLength = "--max-length"
        case seed = "--seed"
        case shuffles = "shuffling"
        case adapterRank = "--lora-rank"
        case adapterAlpha = "--lora-alpha"
        case adapterDropout = "--lora-dropout"
        case merges = "--merge"
        case frozen = "--freeze"
        case beta = "--beta"
        case temperature = "--temperature"
        case similarity = "--similarity"
        case strategy = "--strategy"
        case referenceScores = "--reference-scores"
        case reversesReferenceSign = "--reverse-reference-sign"
        case negatives = "--negatives"
        case usesInBatchNegatives = "--in-batch-negatives"
        case recomputesLayers = "--recompute-layers"
        case saveSteps = "--save-steps"
        case evaluationSteps = "--eval-steps"
        case threads = "--threads"
    }

    /// What neither losses nor weights depend on.
    private static let free: Set<CodingKeys> = [
        .threads, .saveSteps, .model, .data, .output, .decoder, .referenceScores,
        .evaluationSteps,
    ]

    /// The settings that decide losses and weights, beside the content of model and data.
    var deciding: [String: String] {
        let free = Set(Self.free.map(\.rawValue))
        // Strings, numbers and flags only: encoding cannot fail.
        let object =
            (try? JSONSerialization.jsonObject(with: JSONEncoder().encode(self)))
            as? [String: Any] ?? [:]
        return object.filter { !free.contains($0.key) }.mapValues { "\($0)" }
    }

    /// A setting that cannot be, as a fact about it.
    ///
    /// - Parameter isEvaluated: whether the run has an evaluation.
    func validate(isEvaluated: Bool) throws(TrainingError) {
        func check(_ holds: Bool, _ option: String, _ allowed: String) throws(TrainingError) {
            if !holds { throw .badOption(option: option, allowed: allowed) }
        }
        try check(epochs >= 1, "--epochs", "1 or more")
        try check((maximumSteps ?? 1) >= 1, "--max-steps", "1 or more")
        try check(batchSize >= 1, "--batch-size", "1 or more")
        try check((microBatchSize ?? 1) >= 1, "--micro-batch-size", "1 or more")
        try check(learningRate.isFinite && learningRate >= 0, "--learning-rate", "0 or more")
        try check((0...1).contains(warmupRatio), "--warmup-ratio", "0 to 1")
        try check(weightDecay.isFinite && weightDecay >= 0, "--weight-decay", "0 or more")
        try check(maximumGradientNorm > 0, "--max-grad-norm", "more than 0")
        try check((maximumLength ?? 1) >= 1, "--max-length", "1 or more")
        try check((adapterRank ?? 1) >= 1, "--lora-rank", "1 or more")
        try check((0..<1).contains(adapterDropout), "--lora-dropout", "0 or more, below 1")
        try check((temperature ?? 1) > 0, "--temperature", "more than 0")
        try check(beta > 0, "--beta", "more than 0")
        try check(
            strategy == .documentGivenQuery || !similarity.isDivergence, "--strategy",
            "0 with --similarity \(similarity.rawValue): the divergences have no strategies")
        try check(negatives >= (usesInBatchNegatives ? 0 : 1), "--negatives", "1 or more")
        try check((saveSteps ?? 1) >= 1, "--save-steps", "1 or more")
        try check((evaluationSteps ?? 1) >= 1, "--eval-steps", "1 or more")
        try check(
            evaluationSteps == nil || isEvaluated, "--eval-steps", "together with --eval")
        try check(
            stage != .pretrain || !isEvaluated, "--eval",
            "with a stage that trains an embedder: compress, align or contrast")
        try check(
            stage != .pretrain || adapterRank == nil, "--lora-rank",
            "with a stage that trains an embedder: compress, align or contrast")
        try check(
            frozen.isEmpty || adapterRank == nil, "--freeze",
            "without --lora-rank: beside an adapter all weights stay as they are")
        try check(
            stage != .pretrain || (maximumLength ?? 2) >= 2, "--max-length", "2 or more")
        let place = { (path: String) in URL(filePath: path).standardizedFileURL.path }
        try check(place(output) != place(model), "--out", "another folder than --model")
    }
}
