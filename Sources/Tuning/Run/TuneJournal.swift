import FileFormat
import Foundation
import JSON
import TextBytes
import Training

/// The steps that a tuning run has completed. Written atomically after every step, so that a killed
/// run continues there.
///
/// 1. A step is in the journal only when its results are on the disk.
/// 2. A step that is not in it is repeated, or resumed from its own saved state, with the same
///    result.
struct TuneJournal: Codable {
    /// Nil in journals of version 0.1, whose last stage wrote the output folder itself, and whose
    /// learning rates were inversely proportional to the model's width. Since version 3 a stage
    /// starts from the best so far.
    let version: Int?
    let options: TuneOptions
    /// A hash of queries and judgments.
    let inputs: String
    /// Identity of the database, and the name of the collection.
    let database: String
    let collection: String
    let base: Base
    let split: QuerySplit
    let documents: Int
    /// When the run began.
    let began: Date
    /// How search was fitted, to the model before, and to the one that replaced it; nil in
    /// journals of earlier versions.
    var search: [SearchFit]?
    /// About the seconds that encoding the collection takes; nil without a time limit.
    var encodingSeconds: Double?
    var mined: Mined?
    /// Nil in runs without the stage respond.
    var answered: Answered?
    var trained: [Trained] = []
    var measurements: [Measurement] = []
    /// Stages that the time limit left out; nil in journals of earlier versions.
    var leftOut: [TrainingStage]?
    /// The stage whose model has been copied to the output folder.
    var kept: TrainingStage?
    var replacement: Replacement?

    /// The model that the collection had before.
    struct Base: Codable {
        let name: String
        let fingerprint: String
        let width: Int
        /// Its folder; nil for the built-in model, which is written to `OUT/base`.
        let folder: String?
        /// How the collection computes with it; nil as its folder says. The tuned model computes
        /// likewise.
        let precision: String?
        let maximumLength: Int?
        let pooling: String?
        /// The base model's folder, for an adapter that does not name one.
        var base: String?
        /// Whether the weights are a GGUF file's, which is converted to `OUT/base`; nil in journals of
        /// earlier versions, which could not train such models.
        var isConverted: Bool?
        /// Whether `folder` holds an adapter of them.
        var isAdapter: Bool?
    }

    struct Mined: Codable {
        let rows: Int
        let negatives: Int
        /// Queries without a document at the ranks that negatives are drawn from.
        let queriesWithout: Int
        /// Candidates skipped because they have a positive's text; nil in journals of version 0.1.
        var copies: Int?
        /// The ranks that negatives were drawn from; nil in journals of earlier versions, where they
        /// are the options'.
        var fromRank: Int?
        var toRank: Int?
        let seconds: Double
    }

    /// What the model answered to the training queries.
    struct Answered: Codable {
        let rows: Int
        let seconds: Double
    }

    /// A stage that has written its model.
    struct Trained: Codable {
        let stage: TrainingStage
        let rows: Int
        let steps: Int
        let batchSize: Int
        let learningRate: Double
    }

    /// nDCG@10 of each held-out query, and of each that decides, in order.
    struct Measurement: Codable {
        let point: String
        let values: [Double]
        var validation: [Double]?
        /// The same of hybrid search, of the held-out queries and then those that decide; nil in journals
        /// of earlier versions.
        var hybrid: [Double]?
        let fingerprint: String
        let seconds: Double

        var mean: Double { TuneJournal.mean(values) }
        /// The mean of the queries that decide which stages help.
        var deciding: Double { TuneJournal.mean(validation ?? values) }

        /// Whether a model should replace that of `other`: it is better by the queries that decide, not
        /// by them alone, and no worse in hybrid search, which most people use.
        func isBetter(than other: Measurement) -> Bool {
            guard deciding > other.deciding, mean > other.mean else { return false }
            guard let hybrid, let earlier = other.hybrid else { return true }
            return TuneJournal.mean(hybrid) >= TuneJournal.mean(earlier)
        }
    }

    static func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(max(1, values.count))
    }

    struct Replacement: Codable {
        let isDone: Bool
        let seconds: Double
    }

    /// The learning rate of a stage, as defined by the version that began the run.
    func learningRate(_ stage: TuneOptions.Stage) -> Double {
        version == nil ? stage.learningRate * 4096 / Double(max(1, base.width)) : stage.learningRate
    }

    func measurement(_ point: TunePoint) -> Measurement? {
        measurements.first { $0.point == point.name }
    }

    /// The stage after which retrieval was best, the earliest of several; nil before the first. For a
    /// run that version 0.1 finished, the last stage.
    var best: (stage: TrainingStage, measurement: Measurement)? {
        if version == nil, replacement != nil, let stage = options.stages.last?.stage {
            return measurement(.after(stage)).map { (stage, $0) }
        }
        var best: (stage: TrainingStage, measurement: Measurement)?
        for stage in options.stages.map(\.stage) {
            guard let measurement = measurement(.after(stage)) else { continue }
            if best.map({ measurement.deciding > $0.measurement.deciding }) ?? true {
                best = (stage, measurement)
            }
        }
        return best
    }

    /// The stage whose model a stage starts from, the best so far; nil for the model before. Stages
    /// that did not help are skipped so.
    ///
    /// In runs of earlier versions each stage starts from the one before it.
    func start(of stage: TrainingStage) -> TrainingStage? {
        let earlier = options.stages.map(\.stage).prefix { $0 != stage }
        guard version ?? 0 >= 3 else { return earlier.last }
        var best = (stage: TrainingStage?.none, value: measurement(.before)?.deciding ?? 0)
        for stage in earlier {
            guard let value = measurement(.after(stage))?.deciding else { continue }
            if value > best.value { best = (stage, value) }
        }
        return best.stage
    }

    /// Whether a stage is better than what it started from; nil if it was not measured.
    func helps(_ stage: TrainingStage) -> Bool? {
        let start = start(of: stage).map { TunePoint.after($0) } ?? .before
        guard let before = measurement(start), let after = measurement(.after(stage)) else {
            return nil
        }
        return after.deciding > before.deciding
    }

    func save(_ path: String) throws {
        try TuneFolder.write(try JSONValue(encoding: self).indentedText + "\n", to: path)
    }

    init(reading path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TuneError.cannotRead(path: path, .unreadable)
        }
        do { self = try JSONValue(parsing: data).decoded(as: TuneJournal.self) } catch {
            throw TuneError.cannotRead(
                path: path, (error as? JSONError).map { .notJSON($0) } ?? .notAJournal)
        }
    }

    init(
        options: TuneOptions, inputs: String, database: String, collection: String, base: Base,
        split: QuerySplit, documents: Int
    ) {
        version = 3
        self.options = options
        self.inputs = inputs
        self.database = database
        self.collection = collection
        self.base = base
        self.split = split
        self.documents = documents
        began = Date()
    }

    /// Throws `TuneError.resumedDifferently` if the inputs differ from those that the run began
    /// with.
    func check(options: TuneOptions, inputs: String, database: String, collection: String) throws {
        if !self.database.hasSameBytes(as: database)
            || !self.collection.hasSameBytes(as: collection)
        {
            throw TuneError.resumedDifferently(.database)
        }
        if !self.inputs.hasSameBytes(as: inputs) {
            throw TuneError.resumedDifferently(.queries)
        }
        var options = options
        // Runs of earlier versions were not asked.
        if (version ?? 0) < 3 {
            options.scalesRanks = self.options.scalesRanks
            options.fitsSearch = self.options.fitsSearch
        }
        if let option = self.options.difference(from: options) {
            throw TuneError.resumedDifferently(.option(option))
        }
    }
}
