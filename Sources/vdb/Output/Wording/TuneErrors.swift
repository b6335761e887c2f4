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
            "write them in its autoregembed.json, and re-encode with 'vdb reindex --model'"
        case .tooFewQueries: "judge more, or hold out fewer with --hold-out"
        case .noJudgedDocument: "check that the identifiers are the collection's"
        case .noNegatives: "begin earlier with --from-rank"
        case .outputExists: "name a new folder, or continue its run with --resume"
        case .nothingToResume: "start without --resume"
        case .resumedDifferently:
            "resume it with what it began with, or start another in a new folder"
        case .busy: "wait until it has ended"
        case .notEnoughSpace: "make room, or name another disk's folder with --out"
        case .modelReplacedMeanwhile: "'vdb reindex --model' puts it in place"
        default: nil
        }
    }
}

extension TuneOption {
    /// As the command line has it.
    var flag: String {
        switch self {
        case .heldOutQueries: "--hold-out"
        case .adapterRank: "--lora-rank"
        case .mostSteps: "--max-steps"
        case .learningRate: "--learning-rate-scale"
        case .maximumScoreRatio: "--max-score-ratio"
        case .isExact: "--exact"
        case .mostCompressedTexts: "the compressed texts"
        case .mostPositives: "the positives of a query"
        case .leastSteps: "the least steps of a stage"
        case .usesInBatchNegatives: "in-batch negatives"
        default: "--" + rawValue.replacing("_", with: "-")
        }
    }
}
