import TextBytes
import Training

/// Everything that determines the result of tuning a collection: the same options, documents,
/// queries and judgments give the same model, byte for byte.
///
/// ```swift
/// var options = TuneOptions(output: "models/tuned", threads: 2)
/// options.heldOutQueries = 100
/// ```
public struct TuneOptions: Sendable, Codable, Equatable {
    /// The folder of the tuned model. It must be new or empty, unless a run is resumed in it.
    public var output: String
    /// Whose settings the stages have that are not options here: the schedule, the temperature, and how
    /// compressed tokens start. ``use(_:)`` sets the others, too.
    public var recipe = TrainingRecipe.paper
    /// Whether to fit how the collection is searched, BM25's k1 and b and the weight of vectors in
    /// hybrid search, to the training queries, which takes seconds. The settings are kept if they
    /// help beyond chance in cross-validation.
    public var fitsSearch = true
    /// The stages to train: any of compress, align and contrast, in this order, or respond alone; none
    /// if only search is fitted. By default the first three.
    public var stages = Stage.recipe
    /// Number of judged queries to hold out from training and evaluate on; nil holds out a fifth,
    /// at least 10 and at most 500.
    public var heldOutQueries: Int?
    /// Seed of every random choice: which queries are held out, which negatives are drawn, the
    /// order of the rows.
    public var seed: UInt64 = 0
    /// How hard negatives are mined. Its `seed` is ignored; the run's is used.
    public var mining = MiningOptions()
    /// Whether the ranks of negatives are scaled from the paper's, which are for 8.8 million passages,
    /// to the size of the collection, and likely false negatives dropped; see
    /// ``MiningOptions/scaled(to:)``. If false, `mining` is used as it is.
    public var scalesRanks = false
    /// The most seconds that the run may take, more than 0; nil sets no limit.
    ///
    /// A stage that would take longer is given fewer steps, or left out; the best stage so far is
    /// installed as usual. Resuming begins a new limit. A run with a limit depends on the machine's
    /// speed.
    public var timeLimit: Double?
    /// About the most documents that the compression stage reads, 0 or more, drawn at random by the
    /// seed.
    public var mostCompressedTexts = 16_384
    /// The most positives of a query that get a row of training data each, highest grades first; 1
    /// or more.
    public var mostPositives = 8
    /// Respond: the model whose vectors of the answers are learned, as ``Tuner/openTeacher`` opens it.
    public var teacher: String?
    /// Respond: the most tokens of an answer, 1 to 2^20.
    public var mostAnswerTokens = 500
    /// Train a LoRA adapter of this rank; nil trains all weights.
    public var adapterRank: Int?
    /// Save the training state every so many steps, 1 or more; a killed run repeats at most as
    /// many.
    public var saveSteps = 100
    /// Threads for computing, 1 to 1024. The result does not depend on it.
    public var threads: Int
    /// Whether to replace the collection's model even if the tuned one is not better.
    public var replacesWorse = false

    enum CodingKeys: String, CodingKey {
        case output, recipe, stages, seed, mining, threads, teacher
        case mostAnswerTokens = "most_answer_tokens"
        case heldOutQueries = "held_out_queries"
        case mostCompressedTexts = "most_compressed_texts"
        case mostPositives = "most_positives"
        case adapterRank = "adapter_rank"
        case saveSteps = "save_steps"
        case replacesWorse = "replaces_worse"
        case fitsSearch = "fits_search"
        case scalesRanks = "scales_ranks"
        case timeLimit = "time_limit"
    }

    /// Decodes snake_case keys, or the camelCase keys that version 0.1 wrote.
    public init(from decoder: any Decoder) throws {
        let saved = try SavedOptions(decoder)
        output = try saved.value(CodingKeys.output)
        stages = try saved.value(CodingKeys.stages)
        heldOutQueries = try saved.optional(CodingKeys.heldOutQueries)
        seed = try saved.value(CodingKeys.seed)
        mining = try saved.value(CodingKeys.mining)
        mostCompressedTexts = try saved.value(CodingKeys.mostCompressedTexts)
        mostPositives = try saved.value(CodingKeys.mostPositives)
        adapterRank = try saved.optional(CodingKeys.adapterRank)
        saveSteps = try saved.value(CodingKeys.saveSteps)
        threads = try saved.value(CodingKeys.threads)
        replacesWorse = try saved.value(CodingKeys.replacesWorse)
        // Runs of earlier versions did not.
        fitsSearch = try saved.optional(CodingKeys.fitsSearch) ?? false
        scalesRanks = try saved.optional(CodingKeys.scalesRanks) ?? false
        recipe = try saved.optional(CodingKeys.recipe) ?? .paper
        timeLimit = try saved.optional(CodingKeys.timeLimit)
        teacher = try saved.optional(CodingKeys.teacher)
        mostAnswerTokens = try saved.optional(CodingKeys.mostAnswerTokens) ?? mostAnswerTokens
    }

    /// Options with the paper's settings. They are checked when a run begins.
    public init(output: String, threads: Int) {
        self.output = output
        self.threads = threads
    }

    /// Replaces the settings that recipes have: the stages, the adapter's rank, and the number of
    /// negatives. Other options stay.
    public mutating func use(_ recipe: TrainingRecipe) {
        self.recipe = recipe
        let paper = TuneOptions(output: output, threads: threads)
        (stages, adapterRank) = (paper.stages, paper.adapterRank)
        mining.negatives = paper.mining.negatives
        guard recipe == .small else { return }
        // A finished embedder of this size has nothing left of the decoder that compress and align need.
        (stages, adapterRank) = ([Stage(.contrast, recipe: .small)], Self.smallAdapterRank)
        // The passages of the batch's other rows are negatives, too.
        mining.negatives = 1
    }

    /// The rank of the adapter that `small` trains.
    private static let smallAdapterRank = 32

    /// A stage and its settings.
    public struct Stage: Sendable, Codable, Equatable {
        /// Compress, align, contrast or respond.
        public var stage: TrainingStage
        /// Passes over the stage's data, 1 or more.
        public var epochs: Int
        /// The least number of steps: small data is repeated beyond `epochs` until it is reached.
        public var leastSteps: Int
        /// The most steps, which takes precedence over `epochs` and `leastSteps`; nil sets no
        /// limit.
        public var mostSteps: Int?
        /// Rows per optimizer step.
        public var batchSize: Int
        /// The peak learning rate, 0 or more.
        ///
        /// The paper's rate is used at any width. AdamW moves each weight by about the rate in a
        /// step, and the weights of trained models have about the same size (0.02 to 0.05) at all
        /// widths. Rates inversely proportional to the width, which suit random weights, destroy a
        /// small trained model. On cranfield, six contrastive steps at 2.1e-4 brought the built-in
        /// model's nDCG@10 from 0.237 to 0.016 (32 rows a step) or 0.035 (8 rows); six of 32 rows
        /// at 2e-5 leave it at 0.237.
        public var learningRate: Double
        /// Contrast only: whether the documents of the batch's other rows are negatives, too.
        public var usesInBatchNegatives = false

        enum CodingKeys: String, CodingKey {
            case stage, epochs
            case leastSteps = "least_steps"
            case mostSteps = "most_steps"
            case batchSize = "batch_size"
            case learningRate = "learning_rate"
            case usesInBatchNegatives = "uses_in_batch_negatives"
        }

        /// Decodes snake_case keys, or the camelCase keys that version 0.1 wrote.
        public init(from decoder: any Decoder) throws {
            let saved = try SavedOptions(decoder)
            stage = try saved.value(CodingKeys.stage)
            epochs = try saved.value(CodingKeys.epochs)
            leastSteps = try saved.value(CodingKeys.leastSteps)
            mostSteps = try saved.optional(CodingKeys.mostSteps)
            batchSize = try saved.value(CodingKeys.batchSize)
            learningRate = try saved.value(CodingKeys.learningRate)
            usesInBatchNegatives = try saved.value(CodingKeys.usesInBatchNegatives)
        }

        /// A stage without an upper limit of steps and without in-batch negatives.
        public init(
            _ stage: TrainingStage, epochs: Int, leastSteps: Int = 50, batchSize: Int = 32,
            learningRate: Double
        ) {
            self.stage = stage
            self.epochs = epochs
            self.leastSteps = leastSteps
            self.batchSize = batchSize
            self.learningRate = learningRate
        }

        /// A stage with a recipe's settings.
        public init(_ stage: TrainingStage, recipe: TrainingRecipe) {
            var training = TrainingOptions(
                stage: stage, model: "", data: "", output: "", threads: 1)
            training.use(recipe)
            self.init(
                stage, epochs: training.epochs, batchSize: training.batchSize,
                learningRate: training.learningRate)
            usesInBatchNegatives = training.usesInBatchNegatives
            guard recipe == .small, stage == .contrast else { return }
            // Minutes, on one core: 12 steps of 16 rows were enough on questions of trecqa
            // (Benchmarks/results/tune.md).
            (leastSteps, batchSize) = (12, 16)
        }

        /// The three stages with the paper's settings: compress 2 epochs at 2e-5, align 4 at 5e-6,
        /// contrast 1 at 2e-5, batches of 32.
        public static let recipe = [
            Stage(.compress, epochs: 2, learningRate: 2e-5),
            Stage(.align, epochs: 4, learningRate: 5e-6),
            Stage(.contrast, epochs: 1, learningRate: 2e-5),
        ]

        /// LLM2Vec-Gen with the paper's settings: 1 epoch at 3e-4, batches of 32.
        public static let respond = Stage(.respond, epochs: 1, learningRate: 3e-4)

        /// The number of optimizer steps.
        ///
        /// - Parameter rows: number of rows of the stage's data.
        func steps(rows: Int) -> Int {
            let perEpoch = (rows + batchSize - 1) / batchSize
            return min(mostSteps ?? .max, max(epochs * perEpoch, leastSteps))
        }
    }

    /// - Throws: `TuneError.badOption` for the first invalid option.
    func validate() throws(TuneError) {
        func check(_ number: Int?, _ option: TuneOption, least: Int = 1) throws(TuneError) {
            guard let number, number < least else { return }
            throw .badOption(option, .outside(.atLeast(least)))
        }
        func check(
            _ number: Int?, _ option: TuneOption, in range: OptionRange
        ) throws(TuneError) {
            guard let number, !range.contains(Double(number)) else { return }
            throw .badOption(option, .outside(range))
        }
        try check(heldOutQueries, .heldOutQueries)
        try check(saveSteps, .saveSteps)
        try check(adapterRank, .adapterRank, in: .rank)
        try check(mostPositives, .mostPositives)
        try check(mostCompressedTexts, .mostCompressedTexts, least: 0)
        if let timeLimit, !OptionRange.positive.contains(timeLimit) {
            throw .badOption(.timeLimit, .outside(.positive))
        }
        try check(mostAnswerTokens, .mostAnswerTokens, in: .count())
        let order = TrainingStage.allCases.filter { $0 != .pretrain }
        let places = stages.map { order.firstIndex(of: $0.stage) ?? -1 }
        guard !places.isEmpty || fitsSearch, !places.contains(-1),
            zip(places, places.dropFirst()).allSatisfy(<), !responds || stages.count == 1
        else { throw .badOption(.stages, .stageOrder) }
        guard responds == (teacher != nil) else {
            throw .badOption(.teacher, responds ? .missing : .needsRespond)
        }
        for stage in stages {
            try check(stage.epochs, .epochs, in: .count())
            try check(stage.mostSteps, .mostSteps)
            try check(stage.batchSize, .batchSize, in: .count())
            guard stage.learningRate.isFinite, stage.learningRate >= 0 else {
                throw .badOption(.learningRate, .outside(.notNegative))
            }
        }
        try mining.validate()
    }

    /// Whether the run trains respond, which begins with the model's own answers instead of mining.
    var responds: Bool { stages.contains { $0.stage == .respond } }

    /// The first option that differs and affects the resulting model; nil if none does.
    func difference(from other: TuneOptions) -> TuneOption? {
        if recipe != other.recipe { return .recipe }
        if stages.map(\.stage) != other.stages.map(\.stage) || fitsSearch != other.fitsSearch {
            return .stages
        }
        for (own, its) in zip(stages, other.stages) {
            if own.epochs != its.epochs { return .epochs }
            if own.leastSteps != its.leastSteps { return .leastSteps }
            if own.mostSteps != its.mostSteps { return .mostSteps }
            if own.batchSize != its.batchSize { return .batchSize }
            if own.learningRate != its.learningRate { return .learningRate }
            if own.usesInBatchNegatives != its.usesInBatchNegatives {
                return .usesInBatchNegatives
            }
        }
        if heldOutQueries != other.heldOutQueries { return .heldOutQueries }
        if seed != other.seed { return .seed }
        if mostCompressedTexts != other.mostCompressedTexts { return .mostCompressedTexts }
        if mostPositives != other.mostPositives { return .mostPositives }
        if !(teacher ?? "").hasSameBytes(as: other.teacher ?? "") { return .teacher }
        if mostAnswerTokens != other.mostAnswerTokens { return .mostAnswerTokens }
        if adapterRank != other.adapterRank { return .adapterRank }
        if scalesRanks != other.scalesRanks { return .fromRank }
        return mining.difference(from: other.mining)
    }
}
