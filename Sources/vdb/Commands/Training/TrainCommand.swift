import ArgumentParser
import AutoRegEmbed
import Foundation
import Training
import Tuning

/// `vdb train`: runs one stage of the recipe, from a model folder to a model folder.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train an embedder: pretrain, compress, align, contrast or respond.",
        discussion: """
            Each stage reads a model folder and writes one:

              vdb train compress --model base --data texts.jsonl --out compressed
              vdb train align --model compressed --data triples.jsonl --out aligned
              vdb train contrast --model aligned --data triples.jsonl --out embedder

            respond is the other method, LLM2Vec-Gen, and the only stage of its own: from what a language \
            model answered, its compressed tokens learn to carry the answer, and their vector to be a \
            teacher's vector of it. The language model stays as it is.

              vdb train respond --model base --data answers.jsonl --teacher minilm --out embedder

            Data are JSON Lines: {"text"} for pretrain, {"context", "instruction", "output"} for \
            compress, {"query", "pos": [...], "neg": [...]} for align and contrast, as 'vdb mine' \
            writes them, {"query", "answer"} for respond. The layouts of FlagEmbedding and sentence-transformers are read as well. \
            compress also takes pairs and documents.

            compress, align and respond log a gain besides the loss, every tenth step: by how many nats a token \
            a target is likelier under its own text's compressed tokens than under another's. 0 means \
            that the model has learned the language of the targets, but nothing of the text.

            A run with --save-steps that was stopped or killed resumes with the same command and \
            --resume, and ends with the same model. Before a long run, try a few steps with \
            --max-steps 20.
            """)

    @Argument(help: "The stage: pretrain, compress, align, contrast or respond.")
    var stage: TrainingStage

    @Option(
        help: ArgumentHelp(
            """
            The model to start from: a folder, a .gguf file or the name of a model in the store \
            (default: the built-in model).
            """,
            valueName: "model"), completion: .file())
    var model: String?
    @Option(
        help: ArgumentHelp(
            "The folder of an adapter's base model (default: the one that the adapter names).",
            valueName: "dir"),
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
            Replace the model in --out. Otherwise a finished run's model is kept as OUT.1, and any \
            other model is an error.
            """) var overwrite = false

    @OptionGroup(title: "Run") var general: RunOptions
    @OptionGroup(title: "Adapter") var adapter: AdapterOptions
    @OptionGroup(title: "Losses") var losses: LossOptions
    @OptionGroup(title: "Respond") var responses: RespondOptions
    @OptionGroup(title: "Evaluation") var evaluation: EvaluationOptions
    @OptionGroup(title: "Checkpoints") var checkpoints: CheckpointOptions

    /// The options of the run.
    ///
    /// - Parameters:
    ///   - folder: the starting model's folder.
    ///   - base: the folder of its base, if it is an adapter that does not name one.
    ///   - recipe: the defaults of options that are not given.
    func options(
        _ folder: String, base: String?, _ recipe: TrainingRecipe
    ) -> TrainingOptions {
        var options = TrainingOptions(
            stage: stage, model: folder, data: data, output: out,
            threads: general.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        options.use(recipe)
        options.base = base
        general.apply(to: &options)
        adapter.apply(to: &options)
        losses.apply(to: &options)
        responses.apply(to: &options)
        evaluation.apply(to: &options)
        options.saveSteps = checkpoints.saveSteps
        return options
    }

    func run() throws {
        let reporter = TrainReporter(isQuiet: checkpoints.quiet)
        Trainer.whenOutOfMemory { bytes in
            Messages.error(
                "out of memory: cannot allocate \(bytes >> 20) MiB; " + TrainReporter.memoryAdvice)
            Foundation.exit(ExitStatus.unavailable.rawValue)
        }
        // A step may take minutes; the state is saved after it.
        Interruption.finishesCleanly(within: nil)
        let given = try model.map { try ModelFinder.locate($0) }
        try options(given?.path ?? "", base: base, general.recipe ?? .paper).validate(
            isEvaluated: evaluation.eval != nil)
        let earlier = try setAsideEarlierModel(given?.path, reporter)
        try Trainer.checkOutput(out, overwriting: overwrite, resuming: checkpoints.resume)
        let starting = try StartingModelFolder(given, base: base, in: out)
        do {
            try starting?.write()
            let isBase = starting?.isBase == true
            let folder = (isBase ? nil : starting?.path) ?? given?.path ?? ""
            let base = isBase ? starting?.path : base
            let recipe = try recipe(for: folder, base: base)
            if general.recipe == nil, recipe == .small { reporter.usesSmallRecipe() }
            let summary = try Trainer.run(
                options(folder, base: base, recipe),
                evaluation: evaluation.eval.map(RetrievalEvaluation.onFolder),
                openTeacher: ModelFinder.teacherOpener(threads: general.threads),
                log: evaluation.log, overwriting: overwrite,
                resuming: checkpoints.resume,
                isCancelled: { Interruption.isRequested }, progress: reporter.report)
            starting?.removeUnlessNeeded()
            reporter.finish(summary, folder: out)
        } catch {
            earlier?.restoreIfNothingWasWritten()
            reporter.clear()
            throw error
        }
    }

    /// The recipe that is given, else the model's; with a learning rate of the user's own, the paper's.
    private func recipe(for folder: String, base: String?) throws -> TrainingRecipe {
        if let recipe = general.recipe { return recipe }
        guard general.learningRate == nil, stage.isAutoRegEmbed else { return .paper }
        return try TrainingRecipe(model: folder, base: base, adapterRank: adapter.loraRank)
    }

    /// Unless it is to be replaced or resumed, a finished model in the output folder is moved
    /// aside.
    private func setAsideEarlierModel(
        _ model: String?, _ reporter: TrainReporter
    ) throws -> EarlierModel? {
        guard !overwrite, !checkpoints.resume else { return nil }
        let inputs = [
            model, losses.decoder, data, evaluation.eval, losses.referenceScores,
            responses.teacher, responses.teacherVectors,
        ]
        let earlier = try EarlierModel.setAside(in: out, readBy: inputs.compactMap { $0 })
        if let earlier { reporter.keptEarlierModel(earlier) }
        return earlier
    }
}

extension TrainCommand {
    struct RunOptions: ParsableArguments {
        @Option(
            help: """
                Defaults of the options below: paper, for models of billions of weights, or small, for \
                adapters of models like SmolLM2-135M, which compress with --learning-rate 3e-4 \
                --embed-learning-rate 1e-3 --embed-start "..." --decoder-scale auto --batch-size 24 \
                --schedule linear, align with 1e-4 and batches of 16, and contrast with 5e-4, batches of \
                24, --temperature 0.05 and --in-batch-negatives (default: small for such a model with \
                --lora-rank and no --learning-rate, else paper).
                """)
        var recipe: TrainingRecipe?
        @Option(help: "Passes over the data (default: compress 2, align 4, others 1).")
        var epochs: Int?
        @Option(help: "Steps in place of --epochs; the schedule ends there.") var maxSteps: Int?
        @Option(
            help: """
                The step at which the schedule would end, if it is not the run's last; the warm-up stays a \
                share of the run's own steps.
                """)
        var scheduleSteps: Int?
        @Option(help: "Rows in a step (default: 32).") var batchSize: Int?
        @Option(
            help: ArgumentHelp(
                """
                Rows computed at once, to save memory; gradients are those of the whole batch \
                (default: as many as 16,384 tokens hold).
                """, valueName: "n"))
        var microBatchSize: Int?
        @Option(
            help: """
                The peak learning rate (default: pretrain 6e-4, align 5e-6, respond 3e-4, others 2e-5).
                """)
        var learningRate: Double?
        @Option(
            help: """
                The peak learning rate of the compressed tokens' embeddings (default: \
                --learning-rate).
                """)
        var embedLearningRate: Double?
        @Option(
            help: ArgumentHelp(
                """
                New compressed tokens start as the last token of this text, e.g. "..." (default: the \
                mean of all tokens).
                """, valueName: "text"))
        var embedStart: String?
        @Option(
            help: """
                Share of the steps over which the rate rises from 0 (default: respond 0.02, others 0.05).
                """)
        var warmupRatio: Double?
        @Option(
            help: """
                Learning rate after that: cosine, linear or constant (default: respond linear, others \
                cosine).
                """)
        var schedule: LearningRateSchedule?
        @Option(help: "AdamW's decoupled weight decay.") var weightDecay = 0.0
        @Option(help: "Scale gradients of greater norm down to this.") var maxGradNorm = 1.0
        @Option(help: "Matrix products: float32 or bfloat16 (default: as the model is stored).")
        var precision: ComputePrecision?
        @Option(
            help: """
                int8: multiply by the layers' frozen weights in eight bits, which is faster and rounds \
                gradients more.
                """)
        var frozenPrecision: FrozenPrecision?
        @Option(help: "Instructions: retrieval or sts.") var task = EmbeddingTask.retrieval
        @Option(help: "The most tokens of a text (default: the model's).") var maxLength: Int?
        @Option(help: "Seed of every random choice.") var seed: UInt64 = 0
        @Flag(help: "Use rows in the file's order.") var noShuffle = false
        @Flag(help: "Recompute layers in the backward pass, to save memory.")
        var recomputeLayers = false
        @Option(
            help: ArgumentHelp(
                "Do not train these weights, e.g. model.embed_tokens; may be repeated.",
                valueName: "name"))
        var freeze: [String] = []
        @Option(help: "Threads (default: the number of cores).") var threads: Int?

        func apply(to options: inout TrainingOptions) {
            options.epochs = epochs ?? options.epochs
            options.maximumSteps = maxSteps
            options.batchSize = batchSize ?? options.batchSize
            options.microBatchSize = microBatchSize
            options.compressedTokenLearningRate =
                embedLearningRate
                ?? (learningRate == nil ? options.compressedTokenLearningRate : nil)
            options.learningRate = learningRate ?? options.learningRate
            options.compressedTokenStart = embedStart ?? options.compressedTokenStart
            options.warmupRatio = warmupRatio ?? options.warmupRatio
            options.schedule = schedule ?? options.schedule
            options.scheduleSteps = scheduleSteps
            options.weightDecay = weightDecay
            options.maximumGradientNorm = maxGradNorm
            options.precision = precision
            options.frozenPrecision = frozenPrecision
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
        @Option(help: "The adapter's alpha (default: twice the rank).") var loraAlpha: Double?
        @Option(help: "Dropout rate on the adapter's inputs.") var loraDropout = 0.0
        @Flag(help: "Write the weights with the adapter merged into them.") var merge = false

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
                "The frozen decoder's folder (default: the one the model names, else the model).",
                valueName: "dir"), completion: .directory)
        var decoder: String?
        @Option(
            help: ArgumentHelp(
                """
                compress and align: the factor on the compressed tokens' states as the decoder reads \
                them, or auto: a factor and an offset that bring them to the size and the mean of its \
                embeddings (default: the model's, or 1).
                """, valueName: "number|auto"))
        var decoderScale: DecoderScale?
        @Option(help: "align: the factor β inside the similarity.") var beta = 0.1
        @Option(help: "The softmax's temperature (default: align 0.05, contrast 0.02).")
        var temperature: Double?
        @Option(help: "align: sigmoid, tanh, log-sigmoid, kl or js.")
        var similarity = AlignmentSimilarity.sigmoid
        @Option(help: "align: 0 (the paper's), or 1 to 4 (its appendix E).")
        var strategy = AlignmentStrategy.documentGivenQuery
        @Option(help: "align and contrast: the most negatives used of a row.") var negatives = 7
        @Flag(
            inversion: .prefixedNo,
            help: "contrast: use the other rows' documents as negatives, too (default: no).")
        var inBatchNegatives: Bool?

        @Option(
            help: """
                Contrast: what the vector is the mean of, the states at the compressed tokens \
                (compressed), at the last token (last) or at all tokens (mean); the last two need no \
                compressed tokens (default: compressed).
                """)
        var pooling: Pooling?
        @Option(
            help: ArgumentHelp(
                "align: keep the reference scores in this file, and reuse them if they fit.",
                valueName: "file"), completion: .file())
        var referenceScores: String?
        @Flag(help: "align: add the reference difference, as in the authors' trainer.")
        var reverseReferenceSign = false

        func apply(to options: inout TrainingOptions) {
            options.decoder = decoder
            options.decoderScale = decoderScale ?? options.decoderScale
            options.beta = beta
            options.temperature = temperature ?? options.temperature
            options.similarity = similarity
            options.strategy = strategy
            options.negatives = negatives
            options.usesInBatchNegatives = inBatchNegatives ?? options.usesInBatchNegatives
            options.pooling = pooling
            options.referenceScores = referenceScores
            options.reversesReferenceSign = reverseReferenceSign
        }
    }

    struct RespondOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                """
                The model whose vectors of the answers are learned: a folder, a .gguf file or the name of a \
                model in the store.
                """, valueName: "model"), completion: .file())
        var teacher: String?
        @Option(
            help: ArgumentHelp(
                """
                The teacher's vectors in an .npy file, one for each row of --data, not normalized. Vectors \
                of length 1 need --alignment-weight of about their width.
                """, valueName: "file.npy"), completion: .file(extensions: ["npy"]))
        var teacherVectors: String?
        @Option(help: "The number of compressed tokens of a model that has none (default: 10).")
        var compressedTokens: Int?
        @Option(
            help: "The factor of the loss of writing the answer; 0 leaves it out (default: 1).")
        var reconstructionWeight: Double?
        @Option(
            help: """
                The factor of the loss against the teacher's vector; 0 leaves it out, and needs no \
                teacher (default: 1).
                """)
        var alignmentWeight: Double?

        func apply(to options: inout TrainingOptions) {
            options.teacher = teacher
            options.teacherVectors = teacherVectors
            options.compressedTokens = compressedTokens
            options.reconstructionWeight = reconstructionWeight
            options.alignmentWeight = alignmentWeight
        }
    }

    struct EvaluationOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Write one JSON object a step to this file.", valueName: "file.jsonl"),
            completion: .file())
        var log: String?
        @Option(
            help: ArgumentHelp(
                """
                Evaluate nDCG@10 on this judged collection before and after the run; a folder as in \
                'vdb eval retrieval'.
                """,
                valueName: "dir"), completion: .directory)
        var eval: String?
        @Option(help: "Also evaluate every this many steps; the log has the results.")
        var evalSteps: Int?

        func apply(to options: inout TrainingOptions) {
            options.evaluationSteps = evalSteps
        }
    }

    struct CheckpointOptions: ParsableArguments {
        @Option(help: "Save the state every this many steps (default: only when interrupted).")
        var saveSteps: Int?
        @Flag(help: "Resume from the saved state in --out, with the same options.")
        var resume = false
        @Flag(name: .shortAndLong, help: "Show neither progress nor summary.") var quiet = false
    }
}

extension TrainingStage: ExpressibleByArgument {}
extension LearningRateSchedule: ExpressibleByArgument {}

extension TrainingRecipe: ExpressibleByArgument {}
extension FrozenPrecision: ExpressibleByArgument {}
extension AlignmentSimilarity: ExpressibleByArgument {}

extension DecoderScale: ExpressibleByArgument {
    /// A number or `auto`; `nil` for anything else.
    public init?(argument: String) {
        if argument == "auto" {
            self = .automatic
        } else if let factor = Double(argument) {
            self = .factor(factor)
        } else {
            return nil
        }
    }
}

extension AlignmentStrategy: ExpressibleByArgument {
    /// The strategy with this raw value, 0 to 4; `nil` for anything else.
    public init?(argument: String) {
        guard let number = Int(argument) else { return nil }
        self.init(rawValue: number)
    }

    /// The strategy's number, as `--help` shows it.
    public var defaultValueDescription: String { String(rawValue) }
}
