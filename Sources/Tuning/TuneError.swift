import Foundation

/// Why a collection cannot be tuned, or its model not be replaced: facts, one sentence each.
public enum TuneError: Error, Sendable, Equatable {
    /// No model made the collection's vectors, or none that can be trained.
    case notTunable(collection: String, reason: String)
    /// Queries with a text and a relevant document in the collection: `usable` of `judged`.
    case tooFewQueries(usable: Int, judged: Int, needed: Int)
    /// No judged document is in the collection.
    case noJudgedDocument(collection: String, judgments: Int, example: String)
    /// No query has a document at the ranks that negatives are drawn from.
    case noNegatives(documents: Int, fromRank: Int)
    case outputExists(path: String)
    case nothingToResume(path: String)
    case resumedDifferently(what: String)
    case busy(path: String, holder: String?)
    case notEnoughSpace(path: String, needed: Int, free: Int)
    /// Another process has re-encoded the collection since tuning began.
    case modelReplacedMeanwhile(collection: String, by: String, tuned: String)
    case cannotRead(path: String, reason: String)
}

extension TuneError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .notTunable(let collection, let reason):
            "collection '\(collection)' cannot be tuned: \(reason)"
        case .tooFewQueries(let usable, let judged, let needed):
            "\(usable) of \(judged) judged queries have a text and a relevant document in the "
                + "collection, and \(needed) are needed, some to train on and some to measure by; "
                + "judge more, or hold out fewer with --hold-out"
        case .noJudgedDocument(let collection, let judgments, let example):
            "none of the documents that \(judgments) judgments name is in collection "
                + "'\(collection)', '\(example)' for example; check that the identifiers are the "
                + "collection's"
        case .noNegatives(let documents, let fromRank):
            "no query has a negative: of \(documents) documents none comes at rank \(fromRank) or "
                + "later; begin earlier with --from-rank"
        case .outputExists(let path):
            "\(path): is there already; name a new folder, or continue its run with --resume"
        case .nothingToResume(let path):
            "\(path): holds no tuning to resume; start without --resume"
        case .resumedDifferently(let what):
            "\(what) changed since the run began; resume it with what it began with, or start "
                + "another in a new folder"
        case .busy(let path, let holder):
            "\(path): \(holder ?? "another process") is tuning there; wait until it has ended"
        case .notEnoughSpace(let path, let needed, let free):
            "\(path): tuning needs about \(Self.megabytes(needed)) MB and \(Self.megabytes(free)) "
                + "MB are free; make room, or name another disk's folder with --out"
        case .modelReplacedMeanwhile(let collection, let by, let tuned):
            "collection '\(collection)' was re-encoded by '\(by)' while it was being tuned; the "
                + "tuned model is in \(tuned), and 'vdb reindex --model' puts it in place"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        }
    }

    public var errorDescription: String? { description }

    private static func megabytes(_ bytes: Int) -> Int { max(1, bytes / 1_000_000) }
}
