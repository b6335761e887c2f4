import Foundation
import JSON

/// Why a collection cannot be tuned or its model not replaced, as typed facts. `description` states
/// them; the remedy is the application's to say.
public enum TuneError: Error, Sendable, Equatable {
    /// An option has a value that it cannot have.
    case badOption(TuneOption, TuneOptionProblem)
    /// The collection has no model that can be trained.
    case notTunable(collection: String, NotTunable)
    /// Only `usable` of `judged` queries have a text and a relevant document in the collection,
    /// fewer than the `needed` ones.
    case tooFewQueries(usable: Int, judged: Int, needed: Int)
    /// None of the judged documents, such as `example`, is in the collection.
    case noJudgedDocument(collection: String, judgments: Int, example: String)
    /// No query has a document at the ranks that negatives are drawn from: `fromRank` or later.
    case noNegatives(documents: Int, fromRank: Int)
    /// The output folder is not empty, or holds a run that was not asked to be resumed.
    case outputExists(path: String)
    /// The output folder holds no run to resume.
    case nothingToResume(path: String)
    /// An input of the run to resume has changed.
    case resumedDifferently(RunInput)
    /// Another process is running in the folder; `holder` describes it, if known.
    case busy(path: String, holder: String?)
    /// A disk has less space than the run needs, in bytes.
    case notEnoughSpace(path: String, needed: Int, free: Int)
    /// Another process has re-encoded the collection since tuning began. The tuned model is in the
    /// folder `tuned`.
    case modelReplacedMeanwhile(collection: String, by: String, tuned: String)
    /// A file of the run cannot be read.
    case cannotRead(path: String, JournalProblem)

    /// Why the journal of a run cannot be read.
    public enum JournalProblem: Sendable, Equatable {
        case unreadable
        case notJSON(JSONError)
        /// JSON, but not what tuning writes.
        case notAJournal
    }

    /// Why a collection has no model to train.
    public enum NotTunable: Sendable, Equatable {
        /// The collection's vectors were not made by a model, or it has none.
        case noModel
        /// The embedder is the application's own, not a model that can be trained.
        case otherEmbedder(name: String)
        /// The collection overrides the instructions of the model's folder, which training uses.
        case otherInstructions(name: String)
        /// The model has no folder.
        case noFolder(name: String)
        /// An LLM2Vec-Gen model, which no stage but respond trains.
        case llm2VecGen(name: String)
    }

    /// An input that must be the same when a run is resumed.
    public enum RunInput: Sendable, Equatable {
        /// Another database or collection.
        case database
        /// Queries or judgments.
        case queries
        /// An option.
        case option(TuneOption)
        /// The model of the collection.
        case collectionModel
        /// A model's files.
        case model(path: String)
    }
}

extension TuneError: CustomStringConvertible, LocalizedError {
    /// The facts as one English phrase without a remedy, for logs.
    public var description: String {
        switch self {
        case .badOption(let option, let problem): "\(option.rawValue) \(problem)"
        case .notTunable(let collection, let reason):
            "collection '\(collection)' cannot be tuned: \(reason)"
        case .tooFewQueries(let usable, let judged, let needed):
            "\(usable) of \(judged) judged queries have a text and a relevant document in the "
                + "collection; at least \(needed) are needed, to train on some and evaluate on others"
        case .noJudgedDocument(let collection, let judgments, let example):
            "none of the documents in the \(judgments) judgments, such as '\(example)', is in "
                + "collection '\(collection)'"
        case .noNegatives(let documents, let fromRank):
            "no query has a negative: none of the \(documents) documents is at rank \(fromRank) or "
                + "later"
        case .outputExists(let path): "\(path): already exists"
        case .nothingToResume(let path): "\(path): holds no tuning run to resume"
        case .resumedDifferently(let input): "\(input) changed since the run began"
        case .busy(let path, let holder):
            "\(path): \(holder ?? "another process") is tuning in it"
        case .notEnoughSpace(let path, let needed, let free):
            "\(path): tuning needs about \(Self.megabytes(needed)) MB and \(Self.megabytes(free)) "
                + "MB are free"
        case .modelReplacedMeanwhile(let collection, let by, let tuned):
            "collection '\(collection)' was re-encoded by '\(by)' while it was being tuned; the "
                + "tuned model is in \(tuned)"
        case .cannotRead(let path, let problem): "\(path): cannot be read: \(problem)"
        }
    }

    /// Equals `description`.
    public var errorDescription: String? { description }

    private static func megabytes(_ bytes: Int) -> Int { max(1, bytes / 1_000_000) }
}

extension TuneError.JournalProblem: CustomStringConvertible {
    /// The fact in English, without the file's name.
    public var description: String {
        switch self {
        case .unreadable: "the file does not open"
        case .notJSON(let error): "not JSON: \(error)"
        case .notAJournal: "not the journal of a tuning run"
        }
    }
}

extension TuneError.NotTunable: CustomStringConvertible {
    /// The reason as an English clause that completes "cannot be tuned: …".
    public var description: String {
        switch self {
        case .noModel: "its vectors were not made by a model"
        case .otherEmbedder(let name): "its embedder '\(name)' is not a model that can be trained"
        case .otherInstructions(let name):
            "its model '\(name)' is used with different instructions than its folder has"
        case .noFolder(let name): "its model '\(name)' has no folder to start from"
        case .llm2VecGen(let name):
            "its model '\(name)' is of LLM2Vec-Gen, which only the stage respond trains"
        }
    }
}

extension TuneError.RunInput: CustomStringConvertible {
    /// Subject and auxiliary that complete "… changed since the run began".
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
