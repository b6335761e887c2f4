import Foundation

/// Why a collection cannot be tuned, or its model not be replaced, as facts. `description` states
/// them; what to do about them is for the application to say.
public enum TuneError: Error, Sendable, Equatable {
    case badOption(TuneOption, TuneOptionProblem)
    case notTunable(collection: String, NotTunable)
    /// Queries with a text and a relevant document in the collection: `usable` of `judged`.
    case tooFewQueries(usable: Int, judged: Int, needed: Int)
    /// No judged document is in the collection.
    case noJudgedDocument(collection: String, judgments: Int, example: String)
    /// No query has a document at the ranks that negatives are drawn from.
    case noNegatives(documents: Int, fromRank: Int)
    case outputExists(path: String)
    case nothingToResume(path: String)
    case resumedDifferently(RunInput)
    case busy(path: String, holder: String?)
    case notEnoughSpace(path: String, needed: Int, free: Int)
    /// Another process has re-encoded the collection since tuning began.
    case modelReplacedMeanwhile(collection: String, by: String, tuned: String)
    case cannotRead(path: String, reason: String)

    /// Why a collection has no model to train.
    public enum NotTunable: Sendable, Equatable {
        /// Its vectors are ready-made, or it has none.
        case noModel
        /// An embedder of the application's, which is no language model.
        case otherEmbedder(name: String)
        /// The collection's instructions are not those of the model's folder, which training reads.
        case otherInstructions(name: String)
        /// The model lies in no folder.
        case noFolder(name: String)
    }

    /// What a run resumes with must be what it began with.
    public enum RunInput: Sendable, Equatable {
        case database
        case queries
        case option(TuneOption)
        /// The model of the collection.
        case collectionModel
        /// A model's files.
        case model(path: String)
    }
}

extension TuneError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .badOption(let option, let problem): "\(option.rawValue) \(problem)"
        case .notTunable(let collection, let reason):
            "collection '\(collection)' cannot be tuned: \(reason)"
        case .tooFewQueries(let usable, let judged, let needed):
            "\(usable) of \(judged) judged queries have a text and a relevant document in the "
                + "collection, and \(needed) are needed, some to train on and some to measure by"
        case .noJudgedDocument(let collection, let judgments, let example):
            "none of the documents that \(judgments) judgments name is in collection "
                + "'\(collection)', '\(example)' for example"
        case .noNegatives(let documents, let fromRank):
            "no query has a negative: of \(documents) documents none comes at rank \(fromRank) or "
                + "later"
        case .outputExists(let path): "\(path): is there already"
        case .nothingToResume(let path): "\(path): holds no tuning to resume"
        case .resumedDifferently(let input): "\(input) changed since the run began"
        case .busy(let path, let holder):
            "\(path): \(holder ?? "another process") is tuning there"
        case .notEnoughSpace(let path, let needed, let free):
            "\(path): tuning needs about \(Self.megabytes(needed)) MB and \(Self.megabytes(free)) "
                + "MB are free"
        case .modelReplacedMeanwhile(let collection, let by, let tuned):
            "collection '\(collection)' was re-encoded by '\(by)' while it was being tuned; the "
                + "tuned model is in \(tuned)"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        }
    }

    public var errorDescription: String? { description }

    private static func megabytes(_ bytes: Int) -> Int { max(1, bytes / 1_000_000) }
}

extension TuneError.NotTunable: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noModel: "no model made its vectors"
        case .otherEmbedder(let name): "its embedder '\(name)' is not a model that can be trained"
        case .otherInstructions(let name):
            "its model '\(name)' is used with other instructions than its folder has"
        case .noFolder(let name): "its model '\(name)' has no folder to start from"
        }
    }
}

extension TuneError.RunInput: CustomStringConvertible {
    public var description: String {
        switch self {
        case .database: "the database or the collection has"
        case .queries: "the queries or their judgments have"
        case .option(let option): "\(option.rawValue) has"
        case .collectionModel: "the collection's model has"
        case .model(let path): "the model in \(path) has"
        }
    }
}
