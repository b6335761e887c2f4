/// The options of a training run, by the names that saved states and records have for them.
public enum TrainingOption: String, Sendable, CaseIterable, CodingKey {
    case stage, model, base, data
    case output = "out"
    case decoder, epochs
    case maximumSteps = "max_steps"
    case batchSize = "batch_size"
    case microBatchSize = "micro_batch_size"
    case microBatchTokens = "micro_batch_tokens"
    case learningRate = "learning_rate"
    case warmupRatio = "warmup_ratio"
    case schedule
    case weightDecay = "weight_decay"
    case maximumGradientNorm = "max_grad_norm"
    case precision, task
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
    case usesInBatchNegatives = "in_batch_negatives"
    case recomputesLayers = "recompute_layers"
    case saveSteps = "save_steps"
    case evaluationSteps = "eval_steps"
    case threads

    /// The name of an option in a file of any version: 0.1 wrote the command line's (`--max-steps`),
    /// and two phrases.
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

/// Numbers that an option may have.
public struct OptionRange: Sendable, Equatable, CustomStringConvertible {
    public var lower: Double
    public var includesLower = true
    /// Nil: without end.
    public var upper: Double?
    public var includesUpper = true

    public static func atLeast(_ lower: Int) -> OptionRange { OptionRange(lower: Double(lower)) }
    /// From `lower` to a number far beyond what is useful, and small enough that products of a few
    /// such numbers cannot overflow.
    public static func count(atLeast lower: Int = 1) -> OptionRange {
        OptionRange(lower: Double(lower), upper: 0x1p20)
    }
    public static let threads = OptionRange(lower: 1, upper: 1024)
    /// Of a low-rank adapter.
    public static let rank = OptionRange(lower: 1, upper: 0x1p16)
    public static let positive = OptionRange(lower: 0, includesLower: false)
    public static let notNegative = OptionRange(lower: 0)
    public static let share = OptionRange(lower: 0, upper: 1)
    public static let shareBelowOne = OptionRange(lower: 0, upper: 1, includesUpper: false)

    /// "1 or more", "more than 0", "0 to 1", "0 or more and below 1".
    public var description: String {
        let low = Self.text(lower)
        guard let upper else { return includesLower ? "\(low) or more" : "more than \(low)" }
        let high = Self.text(upper)
        return includesUpper ? "\(low) to \(high)" : "\(low) or more and below \(high)"
    }

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

/// Why an option cannot have its value.
public enum OptionProblem: Sendable, Equatable {
    case outside(OptionRange)
    /// It says how often to measure a run that has no evaluation.
    case withoutEvaluation
    /// The stage makes a language model, and the option is of an embedder's.
    case needsEmbedderStage
    /// Beside an adapter all weights stay as they are.
    case besideAdapter
    /// Divergences have no strategies.
    case withDivergence(AlignmentSimilarity)
    /// The folder is the one of another option.
    case sameFolder(TrainingOption)
    /// The model has no such parameter, nor any under the name.
    case noSuchParameter(String)
    /// Nothing is left to train.
    case allParameters
}

extension OptionProblem: CustomStringConvertible {
    /// Completes "epochs …".
    public var description: String {
        switch self {
        case .outside(let range): "must be \(range)"
        case .withoutEvaluation: "needs an evaluation"
        case .needsEmbedderStage:
            "needs a stage that trains an embedder: compress, align or contrast"
        case .besideAdapter: "cannot be combined with an adapter, beside which no weight is trained"
        case .withDivergence(let similarity):
            "must be \(AlignmentStrategy.documentGivenQuery.rawValue) with the similarity "
                + "\(similarity.rawValue), which has no strategies"
        case .sameFolder(let other): "must be another folder than \(other.rawValue)"
        case .noSuchParameter(let name): "names \(name), which is no parameter of the model"
        case .allParameters: "leaves nothing to train"
        }
    }
}
