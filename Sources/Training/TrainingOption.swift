/// The options of a training run. Raw values are their names in saved states and records.
public enum TrainingOption: String, Sendable, CaseIterable, CodingKey {
    case stage, model, base, data
    case output = "out"
    case decoder
    case decoderScale = "decoder_scale"
    case epochs
    case maximumSteps = "max_steps"
    case batchSize = "batch_size"
    case microBatchSize = "micro_batch_size"
    case microBatchTokens = "micro_batch_tokens"
    case learningRate = "learning_rate"
    case compressedTokenLearningRate = "embed_learning_rate"
    case compressedTokenStart = "embed_start"
    case warmupRatio = "warmup_ratio"
    case schedule
    case scheduleSteps = "schedule_steps"
    case weightDecay = "weight_decay"
    case maximumGradientNorm = "max_grad_norm"
    case precision
    case frozenPrecision = "frozen_precision"
    case task
    case maximumLength = "max_length"
    case seed
    case shuffles = "shuffle"
    case adapterRank = "lora_rank"
    case adapterAlpha = "lora_alpha"
    case adapterDropout = "lora_dropout"
    case merges = "merge"
    case frozen = "freeze"
    case beta, temperature, similarity, strategy
    case referenceScores = "reference_scores"
    case reversesReferenceSign = "reverse_reference_sign"
    case negatives
    case pooling
    case usesInBatchNegatives = "in_batch_negatives"
    case teacher
    case teacherVectors = "teacher_vectors"
    case compressedTokens = "compressed_tokens"
    case reconstructionWeight = "reconstruction_weight"
    case alignmentWeight = "alignment_weight"
    case recomputesLayers = "recompute_layers"
    case saveSteps = "save_steps"
    case evaluationSteps = "eval_steps"
    case threads

    /// The current name of an option that any version has saved: 0.1 wrote command-line flags
    /// (`--max-steps`) and two phrases.
    static func currentName(_ saved: String) -> String {
        switch saved {
        case "the micro-batch's tokens": microBatchTokens.rawValue
        case "shuffling": shuffles.rawValue
        case let flag where flag.hasPrefix("--"):
            String(flag.dropFirst(2).replacing("-", with: "_"))
        default: saved
        }
    }
}

/// The numbers that an option may have.
public struct OptionRange: Sendable, Equatable, CustomStringConvertible {
    /// The least number, or the bound that it must exceed.
    public var lower: Double
    /// Whether `lower` itself is allowed.
    public var includesLower = true
    /// The greatest number, or the bound that it must stay below; nil if there is none.
    public var upper: Double?
    /// Whether `upper` itself is allowed.
    public var includesUpper = true

    /// `lower` or more, without an upper bound.
    public static func atLeast(_ lower: Int) -> OptionRange { OptionRange(lower: Double(lower)) }
    /// `lower` to 2^20, which is far beyond what is useful and small enough that a product of three
    /// such numbers does not overflow.
    public static func count(atLeast lower: Int = 1) -> OptionRange {
        OptionRange(lower: Double(lower), upper: 0x1p20)
    }
    /// Numbers of compressed tokens: 1 to 1024.
    public static let tokens = OptionRange(lower: 1, upper: 1024)
    /// 1 to 1024.
    public static let threads = OptionRange(lower: 1, upper: 1024)
    /// Ranks of a low-rank adapter: 1 to 65,536.
    public static let rank = OptionRange(lower: 1, upper: 0x1p16)
    /// More than 0.
    public static let positive = OptionRange(lower: 0, includesLower: false)
    /// 0 or more.
    public static let notNegative = OptionRange(lower: 0)
    /// 0 to 1.
    public static let share = OptionRange(lower: 0, upper: 1)
    /// 0 or more and below 1.
    public static let shareBelowOne = OptionRange(lower: 0, upper: 1, includesUpper: false)

    /// The range in English: "1 or more", "more than 0", "0 to 1" or "0 or more and below 1".
    public var description: String {
        let low = Self.text(lower)
        guard let upper else { return includesLower ? "\(low) or more" : "more than \(low)" }
        let high = Self.text(upper)
        return includesUpper ? "\(low) to \(high)" : "\(low) or more and below \(high)"
    }

    /// Whether the number is finite and in the range.
    public func contains(_ number: Double) -> Bool {
        guard number.isFinite, includesLower ? number >= lower : number > lower else {
            return false
        }
        return upper.map { includesUpper ? number <= $0 : number < $0 } ?? true
    }

    private static func text(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? String(number)
    }
}

/// Why an option cannot have the value it was given.
public enum OptionProblem: Sendable, Equatable {
    /// The number is not in the range.
    case outside(OptionRange)
    /// The option sets how often to evaluate, but the run has no evaluation.
    case withoutEvaluation
    /// The option applies to embedders, but the stage trains a language model.
    case needsEmbedderStage
    /// The option cannot be combined with an adapter, which leaves all other weights unchanged.
    case besideAdapter
    /// A strategy was chosen for a divergence (KL or JS), which has none.
    case withDivergence(AlignmentSimilarity)
    /// The folder is the same as another option's.
    case sameFolder(TrainingOption)
    /// The model has no parameter of that name or below it.
    case noSuchParameter(String)
    /// Every parameter is frozen.
    case allParameters
    /// The option applies to the decoder, but the stage has none.
    case needsDecoderStage
    /// The option is the rate of the compressed tokens' embeddings, which are frozen.
    case compressedTokensAreFrozen
    /// The value cannot be derived from the model's weights, which are zero or not finite.
    case notDerivable
    /// The option applies to LLM2Vec-Gen, which only the stage respond trains.
    case needsRespond
    /// Neither this option nor the other is set.
    case missing(or: TrainingOption)
    /// The other option is set, too.
    case besides(TrainingOption)
    /// No loss is left.
    case noLoss
    /// The model to continue with has another number.
    case differs(model: Int)
    /// The option applies to the stage contrast, the only one that needs no compressed tokens.
    case needsContrast
    /// The vector would be the same for all texts.
    case readsNoText
}

extension OptionProblem: CustomStringConvertible {
    /// The problem as an English phrase that completes "epochs …".
    public var description: String {
        switch self {
        case .outside(let range): "must be \(range)"
        case .withoutEvaluation: "needs an evaluation"
        case .needsEmbedderStage:
            "needs a stage that trains an embedder: compress, align, contrast or respond"
        case .besideAdapter: "cannot be combined with an adapter, which trains no other weights"
        case .withDivergence(let similarity):
            "must be \(AlignmentStrategy.documentGivenQuery.rawValue) with the similarity "
                + "\(similarity.rawValue), which has no strategies"
        case .sameFolder(let other): "must be a different folder than \(other.rawValue)"
        case .noSuchParameter(let name): "names \(name), which is not a parameter of the model"
        case .allParameters: "leaves nothing to train"
        case .needsDecoderStage: "needs a stage with a decoder: compress or align"
        case .compressedTokensAreFrozen: "has nothing to train: model.embed_tokens is frozen"
        case .notDerivable:
            "cannot be derived from the model's weights, which are zero or not finite"
        case .needsRespond: "needs the stage respond"
        case .missing(let other): "or \(other.rawValue) is needed"
        case .besides(let other): "cannot be combined with \(other.rawValue)"
        case .noLoss: "and the other weight are 0, so that there is no loss"
        case .differs(let model): "must be that of the model to continue with, \(model)"
        case .needsContrast: "needs the stage contrast; the others train compressed tokens"
        case .readsNoText: "cannot be cls: the first token's state depends on no other token"
        }
    }
}
