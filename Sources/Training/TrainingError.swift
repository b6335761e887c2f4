import AutoRegEmbed
import Foundation
import JSON

/// What stops a training run, as facts. `description` states them; what to do about them is for the
/// application to say.
public enum TrainingError: Error, Sendable {
    case badOption(TrainingOption, OptionProblem)
    /// A language model retrieves nothing: pre-training has no evaluation.
    case evaluatesLanguageModel
    case cannotRead(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    /// The data are compressed; `format` is the compression's name.
    case compressed(path: String, format: String)
    case badLine(path: String, line: Int, RowProblem)
    case noRows(path: String)
    case badModel(path: String, reason: String)
    /// A file, such as a GGUF one, in the place of a model's folder.
    case notAFolder(path: String)
    /// The model's embedder settings are refused.
    case embedder(AutoRegEmbedError)
    /// Encoder and decoder do not fit together.
    case decoderMismatch(model: String, decoder: String, DecoderProblem)
    /// The output folder holds a model already, and not one that the run may replace.
    case outputExists(path: String)
    /// Loss or gradient is not a number any more.
    case notFinite(step: Int, quantity: Quantity, batch: Batch, checkpoint: String?)
    /// The saved run had another setting; values are nil if they were or are not set.
    case resumedDifferently(RunInput, saved: String?, given: String?)
    /// There is nothing to resume: the folder holds the end of another run.
    case finishedDifferently(path: String, RunInput, saved: String?, given: String?)
    case interrupted(step: Int, checkpoint: String?)

    /// Why a line of the data is not a row of the stage.
    public enum RowProblem: Sendable, Equatable {
        case notAnObject
        case notJSON(JSONError)
        case missingKey(String)
        case notAString(key: String)
        case notStrings(key: String)
        case empty(key: String)
        case noNegative(key: String)
        /// Every negative equals a positive.
        case onlyPositives(key: String)
        case shortArray
        /// Pairs with a score, of which not each is a positive.
        case labelledPairs(key: String)
        case tooLong(limitBytes: Int)
    }

    public enum DecoderProblem: Sendable, Equatable {
        case hiddenSize(model: Int, decoder: Int)
        case vocabulary(tokenizer: Int, decoder: Int)
    }

    public enum Quantity: Sendable { case loss, gradientNorm }

    /// What decides a run.
    public enum RunInput: Sendable, Equatable {
        /// The content of the data file, of the starting model's folder.
        case data, model
        case option(TrainingOption)
        /// One of a version that this one does not know.
        case unknownOption(String)
    }

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
        case .badOption(let option, let problem): "\(option.rawValue) \(problem)"
        case .evaluatesLanguageModel: "pre-training makes no embedder that could be evaluated"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
        case .compressed(let path, let format): "\(path): is compressed (\(format))"
        case .badLine(let path, let line, let problem): "\(path):\(line): \(problem)"
        case .noRows(let path): "\(path): there is no row to train on"
        case .badModel(let path, let reason): "\(path): \(reason)"
        case .notAFolder(let path): "\(path): a file, not a model's folder"
        case .embedder(let error): error.description
        case .decoderMismatch(let model, let decoder, let problem):
            "the decoder \(decoder) does not fit the model \(model): \(problem)"
        case .outputExists(let path): "\(path): holds a model already"
        case .notFinite(let step, let quantity, let batch, _):
            "step \(step): the \(quantity) is not a finite number (\(batch.data), lines "
                + Self.list(batch.lines.map(String.init))
                + (batch.ids.isEmpty ? "" : "; ids \(Self.list(batch.ids))") + ")"
        case .resumedDifferently(let input, let saved, let given):
            "\(input) is \(given ?? "not set") but was \(saved ?? "not set") when the state was saved"
        case .finishedDifferently(let path, let input, let saved, let given):
            "\(path): holds a finished run, whose \(input) was \(saved ?? "not set"), not "
                + "\(given ?? "set")"
        case .interrupted(let step, _): "interrupted after step \(step)"
        }
    }

    public var errorDescription: String? { description }

    /// The first of many.
    private static func list(_ names: [String]) -> String {
        names.prefix(16).joined(separator: ", ") + (names.count > 16 ? ", …" : "")
    }
}

extension TrainingError.RowProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnObject: "not a JSON object"
        case .notJSON(let error): "not JSON: \(error)"
        case .missingKey(let key): "the key \"\(key)\" is missing"
        case .notAString(let key): "\"\(key)\" is not a string"
        case .notStrings(let key): "\"\(key)\" is neither a string nor an array of strings"
        case .empty(let key): "\"\(key)\" is empty"
        case .noNegative(let key): "no negative in \"\(key)\""
        case .onlyPositives(let key): "each text in \"\(key)\" is a positive of the row, too"
        case .shortArray: "an array needs a query and a positive"
        case .labelledPairs(let key):
            "\"\(key)\": labelled pairs are not read, as not each is a positive"
        case .tooLong(let limit): "longer than \(limit >> 20) MiB"
        }
    }
}

extension TrainingError.DecoderProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .hiddenSize(let model, let decoder):
            "the hidden sizes are \(model) and \(decoder)"
        case .vocabulary(let tokenizer, let decoder):
            "its vocabulary has \(decoder) tokens, the tokenizer \(tokenizer)"
        }
    }
}

extension TrainingError.Quantity: CustomStringConvertible {
    public var description: String {
        switch self {
        case .loss: "loss"
        case .gradientNorm: "gradient's norm"
        }
    }
}

extension TrainingError.RunInput: CustomStringConvertible {
    public var description: String {
        switch self {
        case .data: "the content of the data"
        case .model: "the content of the starting model"
        case .option(let option): option.rawValue
        case .unknownOption(let name): name
        }
    }
}
