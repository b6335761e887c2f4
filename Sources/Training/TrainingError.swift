import AutoRegEmbed
import Foundation

/// What stops a training run: facts, one sentence each.
public enum TrainingError: Error, Sendable {
    case badOption(option: String, allowed: String)
    case cannotRead(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    case badLine(path: String, line: Int, reason: String)
    case missingKey(path: String, line: Int, key: String)
    case noRows(path: String)
    case badModel(path: String, reason: String)
    /// The model's embedder settings are refused.
    case embedder(AutoRegEmbedError)
    /// Encoder and decoder do not fit together.
    case decoderMismatch(model: String, decoder: String, reason: String)
    /// Loss or gradient is not a number any more.
    case notFinite(step: Int, quantity: String, batch: Batch, checkpoint: String?)
    /// The saved run had another setting.
    case resumedDifferently(option: String, saved: String, given: String)
    /// There is nothing to resume: the folder holds the end of another run.
    case finishedDifferently(path: String, option: String, saved: String, given: String)
    case interrupted(step: Int, checkpoint: String?)

    /// The rows of one step: their lines in the data, and the ids of those that have one.
    public struct Batch: Sendable, Equatable {
        public let data: String
        public let lines: [Int]
        public let ids: [String]
    }
}

extension TrainingError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .badOption(let option, let allowed): "\(option): must be \(allowed)"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
        case .badLine(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .missingKey(let path, let line, let key): "\(path):\(line): the key \(key) is missing"
        case .noRows(let path): "\(path): there is no row to train on"
        case .badModel(let path, let reason): "\(path): \(reason)"
        case .embedder(let error): error.description
        case .decoderMismatch(let model, let decoder, let reason):
            "the decoder \(decoder) does not fit the model \(model): \(reason)"
        case .notFinite(let step, let quantity, let batch, let checkpoint):
            "step \(step): the \(quantity) is not a finite number (\(batch.data), lines "
                + Self.list(batch.lines.map(String.init))
                + (batch.ids.isEmpty ? "" : "; ids \(Self.list(batch.ids))")
                + "); lower --learning-rate; "
                + (checkpoint.map { "the last good state is \($0)" }
                    ?? "no state was saved, which --save-steps does")
        case .resumedDifferently(let option, let saved, let given):
            "\(option) is \(given) but was \(saved) when the state was saved; use the same, or leave out "
                + "--resume to start anew"
        case .finishedDifferently(let path, let option, let saved, let given):
            "\(path): holds a finished run, whose \(option) was \(saved), not \(given); leave out "
                + "--resume to replace it, or choose another --out"
        case .interrupted(let step, let checkpoint):
            "interrupted after step \(step); "
                + (checkpoint.map { "--resume continues from \($0)" } ?? "nothing was saved")
        }
    }

    public var errorDescription: String? { description }

    /// The first of many.
    private static func list(_ names: [String]) -> String {
        names.prefix(16).joined(separator: ", ") + (names.count > 16 ? ", …" : "")
    }
}
