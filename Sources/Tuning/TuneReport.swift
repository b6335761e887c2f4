import Evaluation
import Foundation
import JSON
import Training

/// What tuning came to. nDCG@10 is that of dense retrieval for the held-out queries, every vector
/// compared, averaged over all of them.
public struct TuneReport: Sendable, Codable, Equatable {
    public var database: String
    public var collection: String
    /// Documents at the beginning: those that are measured on.
    public var documents: Int
    /// The old model's name, and the tuned one's folder and fingerprint.
    public var base: String
    public var model: String
    public var fingerprint: String
    public var queries: Counts
    public var before: Double
    /// After the stage whose model was kept.
    public var after: Double
    /// The stage whose model was kept, which retrieves best for the held-out queries.
    public var kept: TrainingStage?
    public var stages: [Stage]
    public var mining: Mining
    public var test: Test
    /// When the run began.
    public var began: Date
    /// Whether the database has the tuned model now.
    public var isReplaced: Bool
    /// Time of all steps, without what interrupted attempts lost.
    public var seconds: Double

    /// What of queries and judgments could be used.
    public struct Counts: Sendable, Codable, Equatable {
        public var judgedQueries = 0
        public var trainingQueries = 0
        public var heldOutQueries = 0
        /// Judged queries without a text, and without a relevant document in the collection.
        public var queriesWithoutText = 0
        public var queriesWithoutDocument = 0
        public var judgments = 0
        /// Judgments of documents that are not in the collection, and one of these.
        public var judgmentsOfMissing = 0
        public var missingExample: String?

        enum CodingKeys: String, CodingKey {
            case judgedQueries = "judged"
            case trainingQueries = "training"
            case heldOutQueries = "held_out"
            case queriesWithoutText = "without_text"
            case queriesWithoutDocument = "without_document"
            case judgments
            case judgmentsOfMissing = "judgments_of_missing_documents"
            case missingExample = "missing_document"
        }
    }

    public struct Stage: Sendable, Codable, Equatable {
        public var stage: TrainingStage
        /// After the stage.
        public var ndcg: Double
        public var rows: Int
        public var steps: Int
        public var batchSize: Int
        public var learningRate: Double
        public var firstLoss: Double?
        public var lastLoss: Double?
        public var tokens: Int
        public var trainingSeconds: Double
        public var measuringSeconds: Double

        enum CodingKeys: String, CodingKey {
            case stage, rows, steps, tokens
            case ndcg = "ndcg_cut_10"
            case batchSize = "batch_size"
            case learningRate = "learning_rate"
            case firstLoss = "first_loss"
            case lastLoss = "last_loss"
            case trainingSeconds = "training_seconds"
            case measuringSeconds = "measuring_seconds"
        }
    }

    public struct Mining: Sendable, Codable, Equatable {
        public var rows: Int
        public var negatives: Int
        /// Queries left out because no document came late enough to be a negative.
        public var queriesWithout: Int
        /// Candidates passed over because they have a positive's text under another id.
        public var copies: Int
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case rows, negatives, seconds
            case queriesWithout = "queries_without"
            case copies = "equal_texts"
        }
    }

    /// Before against after, query by query: whether the difference may be luck.
    public struct Test: Sendable, Codable, Equatable {
        public var better: Int
        public var equal: Int
        public var worse: Int
        /// The two-sided p of the paired randomization test.
        public var p: Double
    }

    enum CodingKeys: String, CodingKey {
        case database, collection, documents, base, model, fingerprint, queries, before, after
        case stages, mining, test, seconds, began, kept
        case isReplaced = "replaced"
    }

    /// One JSON object on one line.
    public var json: String {
        // Encoding fails for a loss that is not finite, with which training ends before.
        var object = (try? JSONValue(encoding: self))?.objectValue ?? [:]
        object["began"] = .string(began.ISO8601Format())
        return JSONValue.object(object).jsonText
    }

    init(_ journal: TuneJournal, folder: TuneFolder, database: String) throws {
        self.database = database
        collection = journal.collection
        documents = journal.documents
        began = journal.began
        base = journal.base.name
        model = folder.output
        queries = journal.split.counts
        stages = try journal.trained.map { trained in
            let curve = try LossCurve(stage: trained.stage, log: folder.log(trained.stage))
            let measured = journal.measurement(.after(trained.stage))
            return Stage(
                stage: trained.stage, ndcg: measured?.mean ?? 0, rows: trained.rows,
                steps: trained.steps, batchSize: trained.batchSize,
                learningRate: trained.learningRate, firstLoss: curve.points.first?.loss,
                lastLoss: curve.points.last?.loss, tokens: curve.tokens,
                trainingSeconds: curve.seconds, measuringSeconds: measured?.seconds ?? 0)
        }
        let first = journal.measurement(.before)
        let last = journal.best?.measurement
        kept = journal.best?.stage
        before = first?.mean ?? 0
        after = last?.mean ?? 0
        fingerprint = last?.fingerprint ?? ""
        mining = Mining(
            rows: journal.mined?.rows ?? 0, negatives: journal.mined?.negatives ?? 0,
            queriesWithout: journal.mined?.queriesWithout ?? 0,
            copies: journal.mined?.copies ?? 0,
            seconds: journal.mined?.seconds ?? 0)
        let paired = PairedTest(first: first?.values ?? [], second: last?.values ?? [])
        test = Test(
            better: paired.better, equal: paired.equal, worse: paired.worse,
            p: paired.randomizationP)
        isReplaced = journal.replacement?.isDone ?? false
        seconds =
            stages.reduce(0) { $0 + $1.trainingSeconds }
            + journal.measurements.reduce(0) { $0 + $1.seconds } + mining.seconds
            + (journal.replacement?.seconds ?? 0)
    }
}
