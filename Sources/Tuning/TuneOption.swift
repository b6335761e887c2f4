import Training

/// The options of a tuning run and of mining. Raw values are their names in journals.
public enum TuneOption: String, Sendable, CaseIterable {
    case recipe
    case stages
    case heldOutQueries = "held_out_queries"
    case seed
    case mostCompressedTexts = "most_compressed_texts"
    case mostPositives = "most_positives"
    case adapterRank = "adapter_rank"
    case saveSteps = "save_steps"
    case teacher
    case mostAnswerTokens = "most_answer_tokens"
    case epochs
    case leastSteps = "least_steps"
    case mostSteps = "most_steps"
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case usesInBatchNegatives = "uses_in_batch_negatives"
    case timeLimit = "time_limit"
    case fromRank = "from_rank"
    case toRank = "to_rank"
    case negatives
    case isExact = "is_exact"
    case maximumScoreRatio = "maximum_score_ratio"
}

/// Why an option of tuning cannot have the value it was given.
public enum TuneOptionProblem: Sendable, Equatable, CustomStringConvertible {
    /// The number is not in the range.
    case outside(OptionRange)
    /// The stages are neither a selection of compress, align and contrast in this order, nor respond.
    case stageOrder
    /// The stage respond needs the option.
    case missing
    /// The option belongs to the stage respond, which is not trained.
    case needsRespond

    /// The problem as an English phrase that completes "stages …".
    public var description: String {
        switch self {
        case .outside(let range): "must be \(range)"
        case .stageOrder:
            "must be some of compress, align and contrast, in this order, or respond alone"
        case .missing: "is needed to train respond"
        case .needsRespond: "is for the stage respond"
        }
    }
}
