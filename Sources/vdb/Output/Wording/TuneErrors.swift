import Tuning

extension TuneError: WordedError {
    var status: ExitStatus {
        switch self {
        case .notTunable, .tooFewQueries, .noJudgedDocument, .noNegatives,
            .modelReplacedMeanwhile:
            .badData
        case .outputExists, .notEnoughSpace: .cannotCreate
        case .nothingToResume: .missing
        case .badOption, .resumedDifferently: .usage
        case .busy: .temporary
        case .cannotRead: .inputOutput
        }
    }

    var fact: String {
        switch self {
        case .badOption(let option, let problem): "\(option.flag) \(problem)"
        case .resumedDifferently(.option(let option)):
            "\(option.flag) has changed since the run began"
        default: description
        }
    }

    var remedy: String? {
        switch self {
        case .notTunable(_, .noModel): "encode it with 'vdb reindex --model' first"
        case .notTunable(_, .otherInstructions):
            "write them to its autoregembed.json and re-encode with 'vdb reindex --model'"
        case .tooFewQueries: "judge more queries, or hold out fewer with --hold-out"
        case .noJudgedDocument: "check that the judgments use the collection's ids"
        case .noNegatives: "choose a lower --from-rank"
        case .outputExists: "pass a new folder, or continue its run with --resume"
        case .nothingToResume: "start without --resume"
        case .resumedDifferently:
            "resume with the original inputs, or start another run in a new folder"
        case .busy: "wait until it ends"
        case .notEnoughSpace: "free some space, or pass a folder on another disk with --out"
        case .modelReplacedMeanwhile: "'vdb reindex --model' re-encodes with it"
        default: nil
        }
    }
}

extension TuneOption {
    /// The option's name on the command line.
    var flag: String {
        switch self {
        case .heldOutQueries: "--hold-out"
        case .adapterRank: "--lora-rank"
        case .mostSteps: "--max-steps"
        case .learningRate: "--learning-rate-scale"
        case .maximumScoreRatio: "--max-score-ratio"
        case .isExact: "--exact"
        case .mostCompressedTexts: "the number of compressed texts"
        case .mostAnswerTokens: "--max-tokens"
        case .mostPositives: "the number of positives a query"
        case .leastSteps: "the least number of steps of a stage"
        case .usesInBatchNegatives: "in-batch negatives"
        default: "--" + rawValue.replacing("_", with: "-")
        }
    }
}
