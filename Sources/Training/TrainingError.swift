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
    /// Encoder and decoder do not fit together.
    case decoderMismatch(model: String, decoder: String, reason: String)
    /// Loss or gradient is not a number any more. `lines` are the batch's rows in the data.
    case notFinite(step: Int, quantity: String, data: String, lines: [Int], checkpoint: String?)
    case nothingToResume(path: String)
    /// The saved run had another setting.
    case resumedDifferently(option: String, saved: String, given: String)
    case interrupted(step: Int, checkpoint: String?)
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
        case .decoderMismatch(let model, let decoder, let reason):
            "the decoder \(decoder) does not fit the model \(model): \(reason)"
        case .notFinite(let step, let quantity, let data, let lines, let checkpoint):
            "step \(step): the \(quantity) is not a finite number (\(data), lines "
                + lines.prefix(16).map(String.init).joined(separator: ", ")
                + (lines.count > 16 ? ", …" : "") + "); lower --learning-rate; "
                + (checkpoint.map { "the last good state is \($0)" } ?? "no state was saved")
        case .nothingToResume(let path): "\(path): no saved state to resume; start without --resume"
        case .resumedDifferently(let option, let saved, let given):
            "\(option) is \(given) but was \(saved) when the state was saved; use the same options"
        case .interrupted(let step, let checkpoint):
            "interrupted after step \(step); "
                + (checkpoint.map { "--resume continues from \($0)" } ?? "nothing was saved")
        }
    }

    public var errorDescription: String? { description }
}
