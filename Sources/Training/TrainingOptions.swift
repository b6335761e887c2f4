import AutoRegEmbed
import Foundation
import JSON
import Tensors
import TextBytes

/// Everything that determines a training run: the same options, data and model give the same bytes.
public struct TrainingOptions: Sendable, Codable, Equatable {
    /// The stage to run. It determines the defaults of the other options.
    public var stage: TrainingStage
    /// The model folder to start from.
    public var model: String
    /// The base model's folder if `model` holds only an adapter; nil uses the base that the adapter
    /// names.
    public var base: String?
    /// The JSON Lines file to train on.
    public var data: String
    /// The model folder to write.
    public var output: String
    /// The folder of the frozen decoder D; nil uses the one that the model names, or else the model
    /// itself as it was before training.
    public var decoder: String?
    /// Compress and align: the factor that multiplies the compressed tokens' states before they
    /// enter the decoder. It is written to the model's settings as `decoder_scale`; nil keeps the
    /// model's, which is 1 without one.
    public var decoderScale: DecoderScale?

    /// Passes over the data, 1 or more. By default 1 to pretrain, contrast and respond, 2 to compress,
    /// 4 to align.
    public var epochs: Int
    /// The number of optimizer steps, which replaces `epochs` and which the learning-rate schedule
    /// spans; nil trains `epochs` epochs.
    public var maximumSteps: Int?
    /// Rows per optimizer step.
    public var batchSize: Int
    /// Rows computed at once; nil computes as many as fit in `microBatchTokens`. Gradients are
    /// accumulated over the batch, so the result does not depend on it beyond rounding.
    public var microBatchSize: Int?
    /// The most tokens computed at once if `microBatchSize` is nil. A longer row is computed alone.
    public var microBatchTokens = 16_384
    /// The peak learning rate, 0 or more. By default 6e-4 to pretrain, 2e-5 to compress and
    /// contrast, 5e-6 to align, 3e-4 to respond.
    public var learningRate: Double
    /// The peak learning rate of the compressed tokens' embeddings, 0 or more; nil uses
    /// `learningRate`. It follows the same schedule.
    public var compressedTokenLearningRate: Double?
    /// The embeddings of new compressed tokens start as that of the last token of this text; nil, or
    /// a text without tokens, as the mean of all embeddings.
    public var compressedTokenStart: String?
    /// The share of steps (0 to 1) over which the learning rate rises linearly from 0. By default 0.02
    /// to respond, else 0.05.
    public var warmupRatio = 0.05
    /// How the learning rate falls after the warm-up.
    public var schedule = LearningRateSchedule.cosine
    /// The step at which the schedule would end, 1 or more, whether or not the run goes so far; nil
    /// means the run's last. The warm-up remains a share of the run's own steps.
    public var scheduleSteps: Int?
    /// AdamW's decoupled weight decay, 0 or more.
    public var weightDecay = 0.0
    /// The L2 norm to which the gradient of a batch is clipped; infinity does not clip.
    public var maximumGradientNorm = 1.0
    /// The arithmetic of matrix products; nil uses bfloat16 if the checkpoint is stored in
    /// bfloat16, else float32.
    public var precision: ComputePrecision?
    /// The arithmetic of the products with the projections of layers that are not trained: the base's
    /// beside an adapter, and the decoder's. Nil uses `precision`, as do matrices whose sides are no
    /// multiples of 32.
    public var frozenPrecision: FrozenPrecision?
    /// Which of the model's instructions are used: those for retrieval or for semantic similarity.
    public var task = EmbeddingTask.retrieval
    /// The most tokens of a text, and of a target without its EOS; nil uses the model's own limit.
    /// To pretrain, the length of a sequence.
    public var maximumLength: Int?
    /// Seed of every random choice: order, drawn positives and negatives, initial weights, dropout.
    public var seed: UInt64 = 0
    /// Whether each epoch has its own random order, and positives and negatives are drawn at
    /// random. If false, rows are used in the file's order, with the first positive and the first
    /// negatives.
    public var shuffles = true

    /// The rank r of a LoRA adapter (Hu et al. 2021); nil trains all weights.
    public var adapterRank: Int?
    /// LoRA's alpha: the adapter's product is scaled by alpha / r. Nil uses twice the rank.
    public var adapterAlpha: Double?
    /// Dropout on the adapter's input, 0 or more and below 1.
    public var adapterDropout = 0.0
    /// Whether to write the base's weights with the adapter added, instead of the adapter next to
    /// the base.
    public var merges = false
    /// Weights that are not trained: names of the checkpoint's parameters, or prefixes that end
    /// before a dot (`model.embed_tokens`, `model.layers.0.self_attn`). Sorted, without duplicates.
    public var frozen: [String] = []

    /// Align: β, the factor inside the similarity, more than 0 (equation 2 of the paper).
    public var beta = 0.1
    /// τ of the align and contrast losses, more than 0; nil uses 0.05 to align and 0.02 to
    /// contrast.
    public var temperature: Double?
    /// Align: how two conditional distributions are compared.
    public var similarity = AlignmentSimilarity.sigmoid
    /// Align: which probabilities are compared. Divergences (KL, JS) allow only the default.
    public var strategy = AlignmentStrategy.documentGivenQuery
    /// Align: the file of the reference scores log ref. It is read if it belongs to the same data,
    /// model and options, else written. Nil keeps them in the output folder until the run finishes.
    public var referenceScores: String?
    /// Align: add the difference of the reference scores instead of subtracting it. The paper
    /// subtracts, the authors' trainer adds.
    public var reversesReferenceSign = false
    /// The most negatives used of each row, 1 or more; 0 is allowed with in-batch negatives.
    public var negatives = 7
    /// Contrast: whether the documents of the batch's other rows are negatives, too.
    public var usesInBatchNegatives = false
    /// Contrast: the states that the vector is the mean of; nil means the compressed tokens'. With the
    /// last token's or all of them the model needs no compressed tokens: the paper's InfoNCE-L and -M.
    public var pooling: Pooling?

    /// Respond: the folder of the model whose vectors of the answers the model learns to have. Nil if
    /// ``teacherVectors`` has them, or without an alignment loss.
    public var teacher: String?
    /// Respond: an `.npy` file with the teacher's vectors, one for each row of the data, not
    /// normalized.
    public var teacherVectors: String?
    /// Respond: the number of compressed tokens of a model that has none yet, 1 to 1024; nil means 10.
    public var compressedTokens: Int?
    /// Respond: the factor of the reconstruction loss, 0 or more; nil means 1.
    public var reconstructionWeight: Double?
    /// Respond: the factor of the alignment loss, 0 or more; nil means 1. With 0 no teacher is read,
    /// and a new model has no alignment projection: its vectors are as wide as its states.
    public var alignmentWeight: Double?

    /// Whether to recompute layers in the backward pass instead of keeping their values: less
    /// memory, more time.
    public var recomputesLayers = false
    /// Save the state every so many steps; nil saves it only when the run is cancelled.
    public var saveSteps: Int?
    /// Evaluate the model every so many steps as well as before the first and after the last; nil
    /// does only these two. Evaluation does not affect training.
    public var evaluationSteps: Int?
    /// Threads for computing, 1 to 1024. Losses and weights do not depend on it.
    public var threads: Int

    /// Options with the stage's defaults, which are the paper's if it names them.
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
        case .respond:
            (learningRate, epochs) = (3e-4, 1)
            (schedule, warmupRatio) = (.linear, 0.02)
        }
    }

    /// Options are encoded under the names of ``TrainingOption``.
    public typealias CodingKeys = TrainingOption

    /// Options that neither losses nor weights depend on.
    private static let free: Set<TrainingOption> = [
        .threads, .saveSteps, .model, .base, .data, .output, .decoder, .referenceScores,
        .evaluationSteps, .teacher, .teacherVectors,
    ]

    /// The settings that determine losses and weights, apart from the content of model and data.
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

    /// Checks every option that can be checked without reading a file.
    ///
    /// - Parameter isEvaluated: whether the run has an evaluation.
    /// - Throws: `TrainingError.badOption` for the first invalid option, `evaluatesLanguageModel`
    ///   if pre-training has an evaluation.
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
        try check(compressedTokenLearningRate, .compressedTokenLearningRate, .notNegative)
        if case .factor(let scale) = decoderScale {
            try check(scale, .decoderScale, DecoderScale.range)
        }
        try check(
            decoderScale == nil || stage == .compress || stage == .align, .decoderScale,
            .needsDecoderStage)
        try check(
            compressedTokenLearningRate == nil || stage != .pretrain, .compressedTokenLearningRate,
            .needsEmbedderStage)
        try check(warmupRatio, .warmupRatio, .share)
        try check(scheduleSteps, .scheduleSteps, .atLeast(1))
        try check(weightDecay, .weightDecay, .notNegative)
        // Infinity: gradients are not clipped.
        if maximumGradientNorm != .infinity {
            try check(maximumGradientNorm, .maximumGradientNorm, .positive)
        }
        try check(maximumLength, .maximumLength, .count(atLeast: stage == .pretrain ? 2 : 1))
        try check(adapterRank, .adapterRank, .rank)
        try check(adapterAlpha, .adapterAlpha, .positive)
        try check(adapterDropout, .adapterDropout, .shareBelowOne)
        try check(temperature, .temperature, .positive)
        try check(beta, .beta, .positive)
        try check(negatives, .negatives, .atLeast(usesInBatchNegatives ? 0 : 1))
        if let pooling, pooling != .compressed {
            try check(stage == .contrast, .pooling, .needsContrast)
            try check(pooling != .first, .pooling, .readsNoText)
            try check(
                compressedTokenLearningRate == nil, .compressedTokenLearningRate,
                .besides(.pooling))
            try check(compressedTokenStart == nil, .compressedTokenStart, .besides(.pooling))
        }
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
        try check(!place(output).hasSameBytes(as: place(model)), .output, .sameFolder(.model))
        if let teacher {
            try check(
                !place(output).hasSameBytes(as: place(teacher)), .output, .sameFolder(.teacher))
        }
        try check(compressedTokens, .compressedTokens, .tokens)
        try check(reconstructionWeight, .reconstructionWeight, .notNegative)
        try check(alignmentWeight, .alignmentWeight, .notNegative)
        guard stage == .respond else {
            let given: [(TrainingOption, Bool)] = [
                (.teacher, teacher != nil), (.teacherVectors, teacherVectors != nil),
                (.compressedTokens, compressedTokens != nil),
                (.reconstructionWeight, reconstructionWeight != nil),
                (.alignmentWeight, alignmentWeight != nil),
            ]
            for (option, isGiven) in given { try check(!isGiven, option, .needsRespond) }
            return
        }
        try check(reconstructs || aligns, .alignmentWeight, .noLoss)
        if aligns {
            try check(
                teacher != nil || teacherVectors != nil, .teacher, .missing(or: .teacherVectors))
            try check(
                teacher == nil || teacherVectors == nil, .teacherVectors, .besides(.teacher))
        }
    }

    /// Whether a respond run has the reconstruction loss.
    var reconstructs: Bool { stage == .respond && reconstructionWeight != 0 }
    /// Whether a respond run has the alignment loss.
    var aligns: Bool { stage == .respond && alignmentWeight != 0 }
}
