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
    /// Put the tuned model in place of the old one even where it is worse.
    public var replacesWorse = false

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
        /// The highest rate for a model whose hidden states have 4,096 elements, the paper's. A
        /// narrower one takes it in inverse proportion (Yang et al. 2022, "Tensor Programs V").
        public var learningRate: Double
        /// Contrast only: the other rows' documents are negatives too.
        public var usesInBatchNegatives = false

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

        func learningRate(width: Int) -> Double { learningRate * 4096 / Double(max(1, width)) }
    }

    func validate() throws {
        func check(_ holds: Bool, _ option: String, _ allowed: String) throws(TrainingError) {
            if !holds { throw .badOption(option: option, allowed: allowed) }
        }
        try check((heldOutQueries ?? 1) >= 1, "--hold-out", "1 or more")
        try check(saveSteps >= 1, "--save-steps", "1 or more")
        try check((adapterRank ?? 1) >= 1, "--lora-rank", "1 or more")
        try check(mostPositives >= 1, "the positives of a query", "1 or more")
        try check(mostCompressedTexts >= 0, "the compressed texts", "0 or more")
        let order = TrainingStage.allCases.filter { $0 != .pretrain }
        let places = stages.map { order.firstIndex(of: $0.stage) ?? -1 }
        try check(
            !places.isEmpty && !places.contains(-1)
                && zip(places, places.dropFirst()).allSatisfy(<),
            "--stages", "some of compress, align and contrast, in this order")
        for stage in stages {
            try check(stage.epochs >= 1, "--epochs", "1 or more")
            try check((stage.mostSteps ?? 1) >= 1, "--max-steps", "1 or more")
            try check(
                stage.learningRate.isFinite && stage.learningRate >= 0, "--learning-rate-scale",
                "0 or more")
            try check(stage.batchSize >= 1, "--batch-size", "1 or more")
        }
        try mining.validate()
    }

    /// Whether a run of the other options ends with the same model.
    func decides(as other: TuneOptions) -> Bool {
        var own = self
        (own.output, own.threads, own.saveSteps, own.replacesWorse) =
            (other.output, other.threads, other.saveSteps, other.replacesWorse)
        return own == other
    }
}
