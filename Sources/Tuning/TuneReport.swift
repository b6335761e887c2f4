import Evaluation
import Foundation
import JSON
import Training

/// The results of tuning. nDCG@10 (0 to 1) is that of exact dense retrieval, averaged over all
/// held-out queries.
public struct TuneReport: Sendable, Codable, Equatable {
    /// Path of the database.
    public var database: String
    /// Name of the tuned collection.
    public var collection: String
    /// Number of documents when the run began, which the evaluation searches.
    public var documents: Int
    /// Name of the model that the collection had before.
    public var base: String
    /// Folder of the tuned model.
    public var model: String
    /// Fingerprint of the tuned model.
    public var fingerprint: String
    /// How many queries and judgments could be used.
    public var queries: Counts
    /// nDCG@10 of the old model.
    public var before: Double
    /// nDCG@10 of the tuned model.
    public var after: Double
    /// nDCG@10 of hybrid search by both models; nil in reports of earlier versions.
    public var hybrid: Hybrid?
    /// The stage whose model was kept: the one with the best nDCG@10. Nil if no stage was
    /// evaluated.
    public var kept: TrainingStage?
    /// The trained stages, in order.
    public var stages: [Stage]
    /// Stages that the time limit left out; nil without any.
    public var leftOut: [TrainingStage]?
    /// Figures of the mining of hard negatives.
    public var mining: Mining
    /// What the model answered to the training queries; nil without the stage respond.
    public var answers: Answers?
    /// Comparison of `before` and `after`, query by query.
    public var test: Test
    /// How the collection is searched, fitted to the training queries with the model that it has
    /// now; nil if that was not asked for.
    public var search: Search?
    /// When the run began.
    public var began: Date
    /// Whether the collection has the tuned model now.
    public var isReplaced: Bool
    /// Time of all steps in seconds, without work that interrupted attempts lost.
    public var seconds: Double

    /// How many queries and judgments could be used.
    public struct Counts: Sendable, Codable, Equatable {
        /// Queries that have judgments.
        public var judgedQueries = 0
        /// Queries trained on.
        public var trainingQueries = 0
        /// Queries held out and evaluated on.
        public var heldOutQueries = 0
        /// Queries neither trained on nor held out, which decide which stages help; nil or 0 if the
        /// held-out ones do.
        public var validationQueries: Int?
        /// Judged queries without a text.
        public var queriesWithoutText = 0
        /// Judged queries with a text, but without a relevant document in the collection.
        public var queriesWithoutDocument = 0
        /// All judgments.
        public var judgments = 0
        /// Judgments of documents that are not in the collection.
        public var judgmentsOfMissing = 0
        /// The id of one such document; nil if there is none.
        public var missingExample: String?

        enum CodingKeys: String, CodingKey {
            case judgedQueries = "judged"
            case trainingQueries = "training"
            case heldOutQueries = "held_out"
            case validationQueries = "validation"
            case queriesWithoutText = "without_text"
            case queriesWithoutDocument = "without_document"
            case judgments
            case judgmentsOfMissing = "judgments_of_missing_documents"
            case missingExample = "missing_document"
        }
    }

    /// nDCG@10 of hybrid search for all queries that were not trained on, which must not fall for the
    /// tuned model to replace the old one.
    public struct Hybrid: Sendable, Codable, Equatable {
        /// By the old model.
        public var before: Double
        /// By the tuned one.
        public var after: Double
    }

    /// How the collection is searched, fitted to the training queries.
    public struct Search: Sendable, Codable, Equatable {
        /// Whether the collection is searched so now: the gain in cross-validation is beyond chance.
        public var isAdopted: Bool
        /// BM25's k1 that fits best.
        public var k1: Double
        /// BM25's b that fits best.
        public var b: Double
        /// The weight of vectors in hybrid search that fits best.
        public var hybridWeight: Double
        /// The mean gain of fitting in nDCG@10 of hybrid search, on training queries that were left
        /// out of the fit in ten-fold cross-validation.
        public var gain: Double
        /// Lower end of the gain's 95 % interval (paired bootstrap over queries).
        public var lower: Double
        /// Upper end of the interval.
        public var upper: Double
        /// nDCG@10 of hybrid search for the held-out queries, as the collection was searched before.
        public var before: Double
        /// The same with the fitted settings.
        public var after: Double
        /// Time of the fit in seconds.
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case k1, b, gain, lower, upper, before, after, seconds
            case isAdopted = "adopted"
            case hybridWeight = "hybrid_weight"
        }

        init(_ fit: SearchFit) {
            isAdopted = fit.isAdopted
            (k1, b, hybridWeight) = (fit.fitted.k1, fit.fitted.b, fit.fitted.weight)
            (gain, lower, upper, seconds) = (fit.gain, fit.lower, fit.upper, fit.seconds)
            (before, after) = (TuneJournal.mean(fit.before), TuneJournal.mean(fit.after))
        }
    }

    /// Figures of one stage.
    public struct Stage: Sendable, Codable, Equatable {
        /// The stage.
        public var stage: TrainingStage
        /// nDCG@10 after the stage.
        public var ndcg: Double
        /// The same on the queries that decide; nil if the held-out ones do.
        public var validationNDCG: Double?
        /// Whether the stage is better than what it started from, by the queries that decide. If not,
        /// it is skipped: the next stage starts from there, too. Nil in reports of earlier versions.
        public var helps: Bool?

        /// Rows of training data.
        public var rows: Int
        /// Optimizer steps.
        public var steps: Int
        /// Rows per optimizer step.
        public var batchSize: Int
        /// The peak learning rate.
        public var learningRate: Double
        /// Loss of the first step; nil if the log has none.
        public var firstLoss: Double?
        /// Loss of the last step; nil if the log has none.
        public var lastLoss: Double?
        /// Tokens of all steps.
        public var tokens: Int
        /// Time of all steps in seconds.
        public var trainingSeconds: Double
        /// Time of the evaluation after the stage in seconds, including encoding.
        public var measuringSeconds: Double

        enum CodingKeys: String, CodingKey {
            case stage, rows, steps, tokens
            case ndcg = "ndcg_cut_10"
            case validationNDCG = "validation_ndcg_cut_10"
            case helps
            case batchSize = "batch_size"
            case learningRate = "learning_rate"
            case firstLoss = "first_loss"
            case lastLoss = "last_loss"
            case trainingSeconds = "training_seconds"
            case measuringSeconds = "measuring_seconds"
        }
    }

    /// Figures of the mining of hard negatives.
    public struct Mining: Sendable, Codable, Equatable {

        /// Rows of triples written.
        public var rows: Int
        /// Negatives drawn, over all queries.
        public var negatives: Int
        /// Queries left out because no document is at the ranks that negatives are drawn from.
        public var queriesWithout: Int
        /// Candidates skipped because they have the same text as a positive under another id.
        public var copies: Int
        /// The first rank that negatives were drawn from.
        public var fromRank: Int?
        /// The last rank that negatives were drawn from.
        public var toRank: Int?
        /// Time of mining in seconds.
        public var seconds: Double

        enum CodingKeys: String, CodingKey {
            case rows, negatives, seconds
            case queriesWithout = "queries_without"
            case copies = "equal_texts"
            case fromRank = "from_rank"
            case toRank = "to_rank"
        }
    }

    /// What the model answered to the training queries, for the stage respond.
    public struct Answers: Sendable, Codable, Equatable {
        /// Number of answers.
        public var rows: Int
        /// Time to generate them in seconds.
        public var seconds: Double
    }

    /// A paired comparison of the old model with the tuned one: whether the difference may be
    /// chance.
    public struct Test: Sendable, Codable, Equatable {
        /// Queries with a higher nDCG@10 than before.
        public var better: Int
        /// Queries with the same nDCG@10 as before.
        public var equal: Int
        /// Queries with a lower nDCG@10 than before.
        public var worse: Int
        /// Two-sided p-value of the paired randomization test.
        public var p: Double
        /// Lower end of the 95 % interval of the mean difference (paired bootstrap over queries).
        public var lower: Double?
        /// Upper end of the interval.
        public var upper: Double?
    }

    enum CodingKeys: String, CodingKey {
        case database, collection, documents, base, model, fingerprint, queries, before, after
        case stages, mining, answers, test, seconds, began, kept, search, hybrid
        case leftOut = "left_out"
        case isReplaced = "replaced"
    }

    /// The report as one JSON object on one line.
    public var json: String {
        // Encoding fails only for a loss that is not finite, which stops training earlier.
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
                stage: trained.stage, ndcg: measured?.mean ?? 0,
                validationNDCG: measured?.validation.map(TuneJournal.mean),
                helps: journal.helps(trained.stage), rows: trained.rows,
                steps: trained.steps, batchSize: trained.batchSize,
                learningRate: trained.learningRate, firstLoss: curve.points.first?.loss,
                lastLoss: curve.points.last?.loss, tokens: curve.tokens,
                trainingSeconds: curve.seconds, measuringSeconds: measured?.seconds ?? 0)
        }
        let first = journal.measurement(.before)
        let last = journal.best?.measurement ?? (journal.trained.isEmpty ? first : nil)
        hybrid = first?.hybrid.flatMap { before in
            last?.hybrid.map {
                Hybrid(before: TuneJournal.mean(before), after: TuneJournal.mean($0))
            }
        }
        kept = journal.best?.stage
        before = first?.mean ?? 0
        after = last?.mean ?? 0
        fingerprint = last?.fingerprint ?? ""
        mining = Mining(
            rows: journal.mined?.rows ?? 0, negatives: journal.mined?.negatives ?? 0,
            queriesWithout: journal.mined?.queriesWithout ?? 0,
            copies: journal.mined?.copies ?? 0,
            fromRank: journal.mined?.fromRank ?? journal.options.mining.fromRank,
            toRank: journal.mined?.toRank ?? journal.options.mining.toRank,
            seconds: journal.mined?.seconds ?? 0)
        answers = journal.answered.map { Answers(rows: $0.rows, seconds: $0.seconds) }
        let paired = PairedTest(first: first?.values ?? [], second: last?.values ?? [])
        let interval = BootstrapInterval(
            differences: zip(first?.values ?? [], last?.values ?? []).map { $1 - $0 },
            seed: journal.options.seed)
        test = Test(
            better: paired.better, equal: paired.equal, worse: paired.worse,
            p: paired.randomizationP, lower: interval.lower, upper: interval.upper)
        isReplaced = journal.replacement?.isDone ?? false
        search = journal.search?.last.map { Search($0) }
        leftOut = journal.leftOut
        seconds =
            (journal.search ?? []).reduce(0) { $0 + $1.seconds }
            + stages.reduce(0) { $0 + $1.trainingSeconds }
            + journal.measurements.reduce(0) { $0 + $1.seconds } + mining.seconds
            + (answers?.seconds ?? 0) + (journal.replacement?.seconds ?? 0)
    }
}
