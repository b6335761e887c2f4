import ArgumentParser
import Foundation
import Training
import Tuning

/// `vdb train`: one stage of the recipe, from a model folder to a model folder.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train an embedder: pretrain, compress, align or contrast.",
        discussion: """
            Each stage reads a model folder and writes one:

              vdb train compress --model base --data texts.jsonl --out compressed
              vdb train align --model compressed --data triples.jsonl --out aligned
              vdb train contrast --model aligned --data triples.jsonl --out embedder

            Data are JSON Lines: {"text"} for pretrain, {"context", "instruction", "output"} for \
            compress, {"query", "pos": [...], "neg": [...]} for align and contrast. The layouts of \
            FlagEmbedding and sentence-transformers are read, too; 'vdb mine' makes such files. \
            compress also takes pairs and documents.

            A run with --save-steps that was stopped or killed goes on with the same command and \
            --resume, to the very same model. Before long runs, try a few steps: --max-steps 20.
            """)

    @Argument(help: "pretrain, compress, align or contrast.")
    var stage: TrainingStage

    @Option(
        help: ArgumentHelp(
            """
            The model to start from: a folder, a .gguf file or a name in the store of models \
            (default: the built-in model).
            """,
            valueName: "model"))
    var model: String?
    @Option(
        help: ArgumentHelp(
            "The base model's folder of an adapter that names none here.", valueName: "dir"),
        completion: .directory)
    var base: String?
    @Option(
        help: ArgumentHelp("The JSON Lines file to train on.", valueName: "file"),
        completion: .file())
    var data: String
    @Option(
        help: ArgumentHelp("The model folder to write.", valueName: "dir"), completion: .directory)
    var out: String
    @Flag(
        help: """
            Replace the model that --out holds. Without it a finished run's model is kept as OUT.1, \
            and any other is refused.
            """) var overwrite = false

    @OptionGroup(title: "Run") var general: RunOptions
    @OptionGroup(title: "Adapter") var adapter: AdapterOptions
    @OptionGroup(title: "Losses") var losses: LossOptions
    @OptionGroup(title: "Measuring") var measuring: MeasuringOptions
    @OptionGroup(title: "Surviving") var surviving: SurvivingOptions

    /// - Parameter folder: the model's.
    func options(_ folder: String) -> TrainingOptions {
        var options = TrainingOptions(
            stage: stage, model: folder, data: data, output: out,
            threads: general.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        options.base = base
        general.apply(to: &options)
        adapter.apply(to: &options)
        losses.apply(to: &options)
        measuring.apply(to: &options)
        options.saveSteps = surviving.saveSteps
        return options
    }

    func run() throws {
        let reporter = TrainReporter(isQuiet: surviving.quiet)
        Trainer.whenOutOfMemory { bytes in
            Messages.error(
                "out of memory: \(bytes >> 20) MiB more were needed; " + TrainReporter.memoryAdvice)
            Foundation.exit(ExitStatus.unavailable.rawValue)
        }
        // A step may take minutes; the state is saved after it.
        Interruption.finishesCleanly(within: nil)
        let given = try model.map { try ModelFinder.locate($0) }
        try options(given?.path ?? "").validate(isEvaluated: measuring.eval != nil)
        let earlier = try setAsideEarlierModel(given?.path, reporter)
        try Trainer.checkOutput(out, overwriting: overwrite, resuming: surviving.resume)
        let starting = StartingModelFolder(given, in: out)
        do {
            try starting?.write()
            let summary = try Trainer.run(
                options(starting?.path ?? given?.path ?? ""),
                evaluation: measuring.eval.map(RetrievalEvaluation.onFolder),
                log: measuring.log, overwriting: overwrite, resuming: surviving.resume,
                isCancelled: { Interruption.isRequested }, progress: reporter.report)
            starting?.removeUnlessNeeded()
            reporter.finish(summary, folder: out)
        } catch {
            earlier?.restoreIfNothingWasWritten()
            reporter.clear()
            throw error
        }
    }

    /// Unless asked to replace or resume it, a finished model in the output folder is kept beside it.
    private func setAsideEarlierModel(
        _ model: String?, _ reporter: TrainReporter
    ) throws -> EarlierModel? {
        guard !overwrite, !surviving.resume else { return nil }
        let inputs = [model, losses.decoder, data, measuring.eval, losses.referenceScores]
        let earlier = try EarlierModel.setAside(in: out, readBy: inputs.compactMap { $0 })
        if let earlier { reporter.keptEarlierModel(earlier) }
        return earlier
    }
}

extension TrainCommand {
    struct RunOptions: ParsableArguments {
        @Option(help: "Passes over the data.") var epochs: Int?
        @Option(help: "Stop after this many steps; the schedule ends there.") var maxSteps: Int?
        @Option(help: "Rows a step.") var batchSize: Int?
        @Option(
            help: ArgumentHelp(
                "Rows computed at once, where memory is short; the gradients are the whole batch's.",
                valueName: "n"))
        var microBatchSize: Int?
        @Option(help: "The highest learning rate.") var learningRate: Double?
        @Option(help: "Share of the steps over which the rate rises.") var warmupRatio = 0.05
        @Option(help: "cosine, linear or constant.") var schedule = LearningRateSchedule.cosine
        @Option(help: "AdamW's decoupled weight decay.") var weightDecay = 0.0
        @Option(help: "Gradients of greater norm are scaled down to it.") var maxGradNorm = 1.0
        @Option(help: "float32 or bfloat16 matrix products; default: as the model is stored.")
        var precision: ComputePrecision?
        @Option(help: "Instructions: retrieval or sts.") var task = EmbeddingTask.retrieval
        @Option(help: "The most tokens of a text.") var maxLength: Int?
        @Option(help: "Decides every random choice.") var seed: UInt64 = 0
        @Flag(help: "Batches follow the file's order.") var noShuffle = false
        @Flag(help: "Compute layers twice instead of keeping their values: less memory.")
        var recomputeLayers = false
        @Option(
            help: ArgumentHelp(
                "Leave these weights as they are, e.g. model.embed_tokens; may be repeated.",
                valueName: "name"))
        var freeze: [String] = []
        @Option(help: "Threads (default: as many as there are cores).") var threads: Int?

        func apply(to options: inout TrainingOptions) {
            options.epochs = epochs ?? options.epochs
            options.maximumSteps = maxSteps
            options.batchSize = batchSize ?? options.batchSize
            options.microBatchSize = microBatchSize
            options.learningRate = learningRate ?? options.learningRate
            options.warmupRatio = warmupRatio
            options.schedule = schedule
            options.weightDecay = weightDecay
            options.maximumGradientNorm = maxGradNorm
            options.precision = precision
            options.task = task
            options.maximumLength = maxLength
            options.seed = seed
            options.shuffles = !noShuffle
            options.recomputesLayers = recomputeLayers
            options.frozen = Set(freeze).sorted()
        }
    }

    struct AdapterOptions: ParsableArguments {
        @Option(help: "Train a LoRA adapter of this rank instead of all weights.")
        var loraRank: Int?
        @Option(help: "The adapter's alpha; default: twice the rank.") var loraAlpha: Double?
        @Option(help: "Share of the adapter's inputs dropped in training.") var loraDropout = 0.0
        @Flag(help: "Write the weights with the adapter added to them.") var merge = false

        func apply(to options: inout TrainingOptions) {
            options.adapterRank = loraRank
            options.adapterAlpha = loraAlpha
            options.adapterDropout = loraDropout
            options.merges = merge
        }
    }

    struct LossOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The frozen decoder's folder; default: the one the model names, else the model.",
                valueName: "dir"))
        var decoder: String?
        @Option(help: "align: the factor inside the similarity.") var beta = 0.1
        @Option(help: "align (0.05) and contrast (0.02): the softmax's temperature.")
        var temperature: Double?
        @Option(help: "align: sigmoid, tanh, log-sigmoid, kl or js.")
        var similarity = AlignmentSimilarity.sigmoid
        @Option(help: "align: 0 (the paper's), or 1 to 4 of its appendix E.")
        var strategy = AlignmentStrategy.documentGivenQuery
        @Option(help: "The most negatives used of a row.") var negatives = 7
        @Flag(help: "contrast: the other rows' documents are negatives too.")
        var inBatchNegatives = false
        @Option(
            help: ArgumentHelp(
                "align: keep the reference scores here, and use them again where they fit.",
                valueName: "file"))
        var referenceScores: String?
        @Flag(help: "align: add the reference difference, as the authors' trainer does.")
        var reverseReferenceSign = false

        func apply(to options: inout TrainingOptions) {
            options.decoder = decoder
            options.beta = beta
            options.temperature = temperature
            options.similarity = similarity
            options.strategy = strategy
            options.negatives = negatives
            options.usesInBatchNegatives = inBatchNegatives
            options.referenceScores = referenceScores
            options.reversesReferenceSign = reverseReferenceSign
        }
    }

    struct MeasuringOptions: ParsableArguments {
        @Option(help: ArgumentHelp("One JSON object a step.", valueName: "file.jsonl"))
        var log: String?
        @Option(
            help: ArgumentHelp(
                "A judged folder (as 'vdb eval retrieval' takes): nDCG@10 before and after the run.",
                valueName: "dir"))
        var eval: String?
        @Option(help: "Measure nDCG@10 after every so many steps, too; the log has it.")
        var evalSteps: Int?

        func apply(to options: inout TrainingOptions) {
            options.evaluationSteps = evalSteps
        }
    }

    struct SurvivingOptions: ParsableArguments {
        @Option(help: "Save the whole state every so many steps.") var saveSteps: Int?
        @Flag(help: "Continue from the saved state in --out, with the same options.")
        var resume = false
        @Flag(name: .shortAndLong, help: "Show neither progress nor summary.") var quiet = false
    }
}

extension TrainingStage: ExpressibleByArgument {}
extension LearningRateSchedule: ExpressibleByArgument {}
extension AlignmentSimilarity: ExpressibleByArgument {}

extension AlignmentStrategy: ExpressibleByArgument {
    public init?(argument: String) {
        guard let number = Int(argument) else { return nil }
        self.init(rawValue: number)
    }

    public var defaultValueDescription: String { String(rawValue) }
}
