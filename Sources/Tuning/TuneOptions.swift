import Training

/// Everything that decides what tuning makes of a collection and its judgments: the same options,
/// documents, queries and judgments give the same model, byte for byte.
///
/// ```swift
/// var options = TuneOptions(output: "models/tuned", threads: 2)
/// options.heldOutQueries = 100
/// ```
public struct TuneOptions: Sendable, Codable, Equatable {
    /// The folder of the tuned model. It must not be there yet, unless a run is resumed in it.
    public var output: String
    /// What is trained, in this order; `recipe` for all of it.
    public var stages = Stage.recipe
    /// Judged queries that are kept from training and measured by. Nil: a fifth of them, at least
    /// 10 and at most 500.
    public var heldOutQueries: Int?
    /// Decides every random choice: which queries are held out, which negatives are drawn, the order
    /// of the rows.
    public var seed: UInt64 = 0
    /// Which documents become hard negatives. Its seed is the run's.
    public var mining = MiningOptions()
    /// Documents that the compression stage reads at most, drawn by the seed.
    public var mostCompressedTexts = 16_384
    /// Positives of a query that get a row of training data each, the best judged first.
    public var mostPositives = 8
    /// Train a LoRA adapter of this rank; nil: all weights.
    public var adapterRank: Int?
    /// Training states are saved every so many steps: what a killed run repeats at most.
    public var saveSteps = 100
    public var threads: Int
    /// Put the tuned model in place of the old one even if it is not better.
    public var replacesWorse = false

    enum CodingKeys: String, CodingKey {
        case output, stages, seed, mining, threads
        case heldOutQueries = "held_out_queries"
        case mostCompressedTexts = "most_compressed_texts"
        case mostPositives = "most_positives"
        case adapterRank = "adapter_rank"
        case saveSteps = "save_steps"
        case replacesWorse = "replaces_worse"
    }

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
    }

    public init(output: String, threads: Int) {
        self.output = output
        self.threads = threads
    }

    /// One stage and how it is trained.
    public struct Stage: Sendable, Codable, Equatable {
        public var stage: TrainingStage
        public var epochs: Int
        /// A small set of judgments is gone through more often, until there are so many steps.
        public var leastSteps: Int
        public var mostSteps: Int?
        public var batchSize: Int
        /// The highest rate.
        ///
        /// The paper's is used at any width. AdamW moves each weight by about the rate in a step, and
        /// the weights of trained models have much the same size (0.02 to 0.05) at all widths: rates
        /// in inverse proportion to the width, which are right for random weights, take a small
        /// trained model apart. On cranfield, six contrastive steps at 2.1e-4 brought the built-in
        /// model's nDCG@10 from 0.237 to 0.016 (32 rows a step) or 0.035 (8 rows); six of 32 rows at
        /// 2e-5 leave it at 0.237.
        public var learningRate: Double
        /// Contrast only: the other rows' documents are negatives too.
        public var usesInBatchNegatives = false

        enum CodingKeys: String, CodingKey {
            case stage, epochs
            case leastSteps = "least_steps"
            case mostSteps = "most_steps"
            case batchSize = "batch_size"
            case learningRate = "learning_rate"
            case usesInBatchNegatives = "uses_in_batch_negatives"
        }

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

        /// The paper's settings.
        public static let recipe = [
            Stage(.compress, epochs: 2, learningRate: 2e-5),
            Stage(.align, epochs: 4, learningRate: 5e-6),
            Stage(.contrast, epochs: 1, learningRate: 2e-5),
        ]

        /// - Parameter rows: of the stage's data.
        func steps(rows: Int) -> Int {
            let perEpoch = (rows + batchSize - 1) / batchSize
            return min(mostSteps ?? .max, max(epochs * perEpoch, leastSteps))
        }
    }

    /// - Throws: `TuneError.badOption`
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
        let order = TrainingStage.allCases.filter { $0 != .pretrain }
        let places = stages.map { order.firstIndex(of: $0.stage) ?? -1 }
        guard !places.isEmpty, !places.contains(-1), zip(places, places.dropFirst()).allSatisfy(<)
        else { throw .badOption(.stages, .stageOrder) }
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

    /// The first option by which a run of the other options ends with another model; nil: none.
    func difference(from other: TuneOptions) -> TuneOption? {
        if stages.map(\.stage) != other.stages.map(\.stage) { return .stages }
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
        if adapterRank != other.adapterRank { return .adapterRank }
        return mining.difference(from: other.mining)
    }
}
