import Training

extension TrainingError: WordedError {
    var status: ExitStatus {
        switch self {
        case .badOption, .evaluatesLanguageModel, .resumedDifferently, .finishedDifferently: .usage
        case .badLine, .noRows, .badModel, .notAFolder, .embedder, .decoderMismatch, .notFinite,
            .compressed, .badTeacher:
            .badData
        case .cannotRead: .missing
        case .cannotWrite, .outputExists: .cannotCreate
        case .interrupted: .interrupted
        }
    }

    var fact: String {
        switch self {
        case .badOption(let option, .sameFolder(let other)):
            "\(option.flag) must be a different folder than \(other.flag)"
        case .badOption(.evaluationSteps, .withoutEvaluation): "--eval-steps needs --eval"
        case .badOption(.frozen, .besideAdapter):
            "--freeze cannot be combined with --lora-rank, which trains no weights of the model"
        case .badOption(.strategy, .withDivergence(let similarity)):
            "--strategy must be 0 with --similarity \(similarity.rawValue), which has no strategies"
        case .badOption(let option, .missing(let other)):
            "\(option.flag) or \(other.flag) is needed"
        case .badOption(let option, .besides(let other)):
            "\(option.flag) cannot be combined with \(other.flag)"
        case .badOption(let option, let problem): "\(option.flag) \(problem)"
        case .evaluatesLanguageModel: "--eval needs a stage that trains an embedder"
        case .embedder(let error): error.fact
        case .resumedDifferently(let input, let saved, let given):
            "\(input.words) is \(given ?? "not set") but was \(saved ?? "not set") when the state was "
                + "saved"
        case .finishedDifferently(let path, let input, let saved, let given):
            "\(path): holds a finished run, whose \(input.words) was \(saved ?? "not set"), not "
                + "\(given ?? "set")"
        default: description
        }
    }

    var remedy: String? {
        switch self {
        case .badOption(.frozen, .noSuchParameter):
            "name a parameter, or a module such as model.embed_tokens"
        case .evaluatesLanguageModel: "use compress, align, contrast or respond"
        case .badOption(.teacher, .missing):
            "or --alignment-weight 0, which trains without a teacher"
        case .compressed: "decompress it first"
        case .badModel(_, .llm2VecGen): "use 'vdb train respond'"
        case .badModel(_, .adapterNotUniform): "merge it into its base first"
        case .notAFolder: "'vdb model convert' writes a GGUF file as a model folder"
        case .badLine(_, _, .noNegative), .badLine(_, _, .onlyPositives):
            "'vdb mine' adds negatives"
        case .badLine(_, _, .labelledPairs):
            "keep the positive pairs, as {\"query\", \"pos\"}"
        case .badLine(_, _, .tooLong): "split the text into several rows"
        case .outputExists: "choose another --out, or pass --overwrite to replace it"
        case .notFinite(_, _, _, let checkpoint):
            "lower --learning-rate; "
                + (checkpoint.map { "the last good state is \($0)" }
                    ?? "no state was saved; pass --save-steps to save some")
        case .resumedDifferently: "use the same value, or leave out --resume to start again"
        case .finishedDifferently:
            "leave out --resume and pass --overwrite to replace it, or choose another --out"
        case .interrupted(_, let checkpoint):
            checkpoint.map { "--resume continues from \($0)" } ?? "nothing was saved"
        case .embedder(let error): error.remedy
        default: nil
        }
    }
}

extension TrainingOption {
    /// The option's name on the command line.
    var flag: String {
        switch self {
        case .shuffles: "--no-shuffle"
        case .stage: "the stage"
        case .microBatchTokens: "the tokens of a micro-batch"
        default: "--" + rawValue.replacing("_", with: "-")
        }
    }
}

extension TrainingError.RunInput {
    fileprivate var words: String {
        switch self {
        case .data: "the content of --data"
        case .model: "the content of --model"
        case .teacher: "the content of --teacher or --teacher-vectors"
        case .option(let option): option.flag
        case .unknownOption(let name): name
        }
    }
}
