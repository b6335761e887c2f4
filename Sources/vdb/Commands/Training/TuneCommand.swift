import ArgumentParser
import DefaultModel
import Evaluation
import Foundation
import Training
import Tuning
import VectorDatabase

/// `vdb tune`: runs the whole recipe on a database's own documents and judgments.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract:
            "Train the database's model on judged queries, and re-encode the database with it.",
        discussion: """
            Holds out some of the judged queries and fits how the collection is searched to the \
            others: BM25's k1 and b and the weight of vectors in hybrid search, kept with the \
            collection if they help beyond chance in cross-validation ('vdb stats' shows them). \
            That takes seconds; --stages search does nothing else. Then it mines hard negatives on \
            the collection's index, trains the stages compress, align and contrast, and evaluates \
            nDCG@10 on the held-out queries after each:

              vdb tune --queries queries.jsonl --qrels qrels.tsv --out models/mine

            The other method, LLM2Vec-Gen, is a stage of its own: the model answers the training \
            queries, and its compressed tokens learn to carry the answers and to be a teacher's vectors \
            of them:

              vdb tune --stages respond --teacher minilm --queries queries.jsonl --qrels qrels.tsv \
            --out models/mine

            An adapter of a language model of about a hundred million weights, such as smollm2-135m, is \
            trained by contrast alone unless --stages or --recipe says otherwise.

            A stage that does not help, by a part of the other queries that is not trained on, is \
            skipped. The model of the best stage replaces the old one if it is better by both parts \
            in dense search and no worse in hybrid search; otherwise the old one stays (exit status 65) unless --force is given. The database answers with its old model \
            until all documents are encoded with the new one. If the run is interrupted or killed, \
            the same command with --resume continues it, with the same result. MODEL_CARD.md and \
            loss.svg in --out describe the results.
            """)

    @Option(
        help: ArgumentHelp(
            "The queries: id<TAB>text, or JSON Lines with _id and text.", valueName: "file"),
        completion: .file())
    var queries: String
    @Option(
        help: ArgumentHelp("The judgments, in TREC or BEIR form.", valueName: "file"),
        completion: .file())
    var qrels: String
    @Option(
        help: ArgumentHelp(
            "The folder of the tuned model, which must not exist.", valueName: "dir"),
        completion: .directory)
    var out: String
    @Flag(help: "Resume the run in --out.") var resume = false
    @Flag(help: "Replace the old model even if the new one is not better.") var force = false
    @Option(help: "The output format of the report.") var format = AnswerFormat.table

    @OptionGroup(title: "Recipe") var recipe: RecipeOptions
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments

    func run() async throws {
        let judgments = try Judgments(contentsOf: URL(filePath: qrels))
        var texts: [(id: String, text: String)] = []
        for try await document in try DocumentReader([queries]) {
            texts.append((document.id, document.embeddedText))
        }
        let database = try arguments.open(
            .readWrite, general, lock,
            models: model.finder(threads: general.threads, prompts: prompts))
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        let reporter = TuneReporter(isQuiet: general.quiet)
        let options = try options(for: collection, reporter)
        var tuner = Tuner(
            collection: collection, queries: texts, judgments: judgments, options: options,
            builtIn: DefaultModel.resource)
        tuner.openTeacher = ModelFinder.teacherOpener(threads: general.threads)
        // A training step may take minutes; the state is saved after it.
        Interruption.finishesCleanly(within: nil)
        let report: TuneReport
        do {
            report = try await tuner.run(resuming: resume, progress: reporter.show)
            reporter.clear()
        } catch {
            reporter.clear()
            throw failure(error)
        }
        if !options.stages.isEmpty { try write(report, of: tuner) }
        Output.line(format == .json ? report.json : TuneTable(report: report).text)
        if !report.isReplaced, report.search?.isAdopted != true {
            guard !options.stages.isEmpty else {
                throw CommandFailure(
                    .badData,
                    "no other settings of search help beyond chance, so the collection is searched "
                        + "as before")
            }
            throw CommandFailure(
                .badData,
                "\(out): "
                    + (report.fallsInHybridSearch
                        ? "the best stage is better in dense search and worse in hybrid search"
                        : "no stage improves the model on the held-out queries")
                    + ", so the database keeps its own; the same command with --resume --force "
                    + "replaces it anyway"
            )
        }
    }

    /// Writes the model card and the loss curves next to the model.
    private func write(_ report: TuneReport, of tuner: Tuner) throws {
        let files = [
            (ModelCard.chartName, LossChart(curves: try tuner.lossCurves()).svg),
            (ModelCard.name, ModelCard(report: report, options: tuner.options).markdown),
        ]
        for (name, text) in files {
            try TextFile.write(text, to: out + "/" + name)
        }
    }

    /// The options, with a recipe that suits the collection's model unless one is given.
    private func options(
        for collection: DocumentCollection, _ reporter: TuneReporter
    ) throws -> TuneOptions {
        var options = TuneOptions(
            output: out, threads: general.threads ?? ProcessInfo.processInfo.activeProcessorCount)
        options.replacesWorse = force
        // A collection without a model is refused in better words when the run begins.
        let fitting =
            try collection.recordedEmbedder == nil ? .paper : Tuner.recipe(for: collection)
        if recipe.recipe == nil, fitting == .small { reporter.usesSmallRecipe() }
        recipe.apply(to: &options, recipe: recipe.recipe ?? fitting)
        return options
    }

    private func failure(_ error: any Error) -> any Error {
        let remedy =
            Tuner.hasRun(in: out)
            ? "the same command with --resume continues" : "nothing was done yet"
        switch error {
        case is CancellationError: return CommandFailure(.interrupted, "interrupted; \(remedy)")
        case TrainingError.interrupted(let step, _):
            return CommandFailure(.interrupted, "interrupted after step \(step); \(remedy)")
        default: return error
        }
    }
}

extension TuneCommand {
    struct RecipeOptions: ParsableArguments {
        @Option(
            help: """
                Defaults of the options below: paper, for models of billions of weights, or small, for \
                models like SmolLM2-135M, of which it trains an adapter of rank 32 by contrast, with one \
                mined negative and those of the batch's other rows (default: small for such a model, \
                else paper).
                """)
        var recipe: TrainingRecipe?
        @Option(
            help: "Judged queries to hold out for evaluation (default: a fifth, 10 to 500).")
        var holdOut: Int?
        @Option(
            help: ArgumentHelp(
                """
                Stages: some of search, compress, align and contrast, or search and respond, separated by \
                commas (default: search,compress,align,contrast; small: search,contrast).
                """, valueName: "list"))
        var stages: StageList?
        @Option(help: "Passes over each stage's data (default: compress 2, align 4, others 1).")
        var epochs: Int?
        @Option(help: "The most steps of a stage (default: no limit).") var maxSteps: Int?
        @Option(help: "Rows in a step (default: 32; small: 16, compress 24).") var batchSize: Int?
        @Option(help: "Factor on all learning rates.") var learningRateScale = 1.0
        @Option(
            help: """
                Train a LoRA adapter of this rank instead of all weights (default: all weights; small: 32, \
                or the rank that the model's adapter has).
                """)
        var loraRank: Int?
        @Option(
            help: """
                The first rank that negatives are drawn from (default: the paper's 30 of 8.8 million \
                passages, scaled to the collection).
                """)
        var fromRank: Int?
        @Option(help: "The last rank that negatives are drawn from (default: 210, likewise).")
        var toRank: Int?
        @Option(help: "Negatives drawn for each query (default: 7; small: 1).")
        var negatives: Int?
        @Option(
            help: ArgumentHelp(
                "respond: the model whose vectors of the answers are learned, as in 'vdb train'.",
                valueName: "model"),
            completion: .directory)
        var teacher: String?
        @Option(help: ArgumentHelp("respond: the most tokens of an answer.", valueName: "n"))
        var maxTokens = 500
        @Option(help: "Seed of every random choice.") var seed: UInt64 = 0
        @Option(
            help: ArgumentHelp(
                """
                The most minutes for the whole run: stages are given fewer steps, or left out \
                (default: no limit).
                """, valueName: "minutes"))
        var timeLimit: Double?
        @Option(help: "Save the training state every this many steps.") var saveSteps = 100

        func apply(to options: inout TuneOptions, recipe: TrainingRecipe) {
            options.use(recipe)
            options.heldOutQueries = holdOut
            if let stages {
                options.fitsSearch = stages.fitsSearch
                options.stages = StageList.order.filter { stages.stages.contains($0) }.map {
                    .init($0, recipe: recipe)
                }
            }
            options.teacher = teacher
            options.mostAnswerTokens = maxTokens
            for place in options.stages.indices {
                if let epochs { options.stages[place].epochs = epochs }
                options.stages[place].mostSteps = maxSteps
                options.stages[place].learningRate *= learningRateScale
                if let batchSize { options.stages[place].batchSize = batchSize }
            }
            if let loraRank { options.adapterRank = loraRank }
            options.scalesRanks = fromRank == nil && toRank == nil
            options.mining.fromRank = fromRank ?? min(options.mining.fromRank, toRank ?? .max)
            options.mining.toRank = toRank ?? max(options.mining.toRank, fromRank ?? 0)
            options.timeLimit = timeLimit.map { $0 * 60 }
            if let negatives { options.mining.negatives = negatives }
            options.seed = seed
            options.saveSteps = saveSteps
        }
    }

    /// `search,compress,align,contrast`, or `search,respond`
    struct StageList: ExpressibleByArgument {
        /// The order in which stages are trained, whatever the list's.
        static let order: [TrainingStage] = [.compress, .align, .contrast, .respond]
        private static let search = "search"
        let fitsSearch: Bool
        let stages: [TrainingStage]

        init?(argument: String) {
            let names = argument.split(separator: ",", omittingEmptySubsequences: false)
                .map(String.init)
            fitsSearch = names.contains(Self.search)
            let others = names.filter { $0 != Self.search }
            stages = others.compactMap { TrainingStage(rawValue: $0) }
            let isKnown = stages.allSatisfy { $0 != .pretrain }
            guard isKnown, stages.count == others.count, !names.isEmpty else { return nil }
        }

    }
}
