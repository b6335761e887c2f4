import AutoRegEmbed
import FileFormat
import Foundation
import JSON

/// Why a training run cannot start or continue, as typed facts. `description` states them; the
/// remedy is the application's to say.
public enum TrainingError: Error, Sendable {
    /// An option has a value that it cannot have.
    case badOption(TrainingOption, OptionProblem)
    /// An evaluation was given for pre-training, whose language model is not an embedder.
    case evaluatesLanguageModel
    /// An input file cannot be opened or read.
    case cannotRead(path: String, ReadProblem)
    /// An output file or folder cannot be written.
    case cannotWrite(path: String, any Error)
    /// The data file is compressed; `format` is the compression's name.
    case compressed(path: String, format: String)
    /// A line of the data (counted from 1) is not a row of the stage.
    case badLine(path: String, line: Int, RowProblem)
    /// The data file has no row to train on.
    case noRows(path: String)
    /// The model folder, or one of its files, cannot be used.
    case badModel(path: String, ModelProblem)
    /// The path is a file, such as a GGUF file, instead of a model folder.
    case notAFolder(path: String)
    /// The model's embedder settings or its adapter are invalid.
    case embedder(AutoRegEmbedError)
    /// The teacher, or the file of its vectors, cannot be learned from.
    case badTeacher(path: String, TeacherProblem)
    /// The decoder cannot read the encoder's compressed tokens.
    case decoderMismatch(model: String, decoder: String, DecoderProblem)
    /// The output folder already holds a model that the run may not replace.
    case outputExists(path: String)
    /// The loss or the gradient norm became infinite or NaN. `checkpoint` is the path of the last
    /// saved state, nil if none was saved.
    case notFinite(step: Int, quantity: Quantity, batch: Batch, checkpoint: String?)
    /// The run to resume had another setting. `saved` and `given` are nil if the option was or is
    /// not set.
    case resumedDifferently(RunInput, saved: String?, given: String?)
    /// The folder holds a finished run with another setting, so there is nothing to resume.
    case finishedDifferently(path: String, RunInput, saved: String?, given: String?)
    /// `isCancelled` returned true after `step` steps. `checkpoint` is the path of the last saved
    /// state, nil if none was saved.
    case interrupted(step: Int, checkpoint: String?)

    /// Why an input file cannot be read.
    public enum ReadProblem: Sendable {
        case missing
        /// The file is not the JSON object that it should be.
        case notAnObject
        /// The file is not the record of a training run.
        case notARecord
        /// A tensor of a saved state has another size than the model's.
        case wrongSize(tensor: String)
        /// The file changed after it was first read.
        case changedWhileRead(any Error)
        case failed(any Error)
    }

    /// Why a model cannot be trained.
    public enum ModelProblem: Sendable {
        /// Neither the folder nor the adapter's base has weights.
        case noWeights
        /// An LLM2Vec-Gen model, which the stage does not train.
        case llm2VecGen(TrainingStage)
        /// The template has no compressed tokens, which the stage trains.
        case noCompressedTokens(TrainingStage)
        /// `decoder_offset` has not as many numbers as a vector has dimensions.
        case decoderOffset(count: Int, expected: Int)
        /// The tokenizer has no end-of-text token.
        case noEndOfText
        /// The adapter has ranks or scales that differ by layer, or replaces whole modules.
        case adapterNotUniform
        /// The adapter has trained other rows of the embedding than those of the compressed tokens.
        case otherTokenRows(saved: [Int32], compressed: [Int32])
        /// A tensor of the adapter has another shape than its configuration says.
        case wrongTensor(name: String, shape: [Int], expected: Int)
        /// The error of the file concerned, which names it.
        case unreadable(any Error)
    }

    /// Why a line of the data is not a row of the stage. `key` is the JSON key concerned.
    public enum RowProblem: Sendable, Equatable {
        /// The line is neither a JSON object nor an array that the stage accepts.
        case notAnObject
        case notJSON(JSONError)
        case missingKey(String)
        case notAString(key: String)
        case notStrings(key: String)
        case empty(key: String)
        case noNegative(key: String)
        /// Every negative equals a positive of the row.
        case onlyPositives(key: String)
        /// An array has fewer than two texts.
        case shortArray
        /// Pairs with a label or score: not every pair is a positive one.
        case labelledPairs(key: String)
        case tooLong(limitBytes: Int)
    }

    /// Why a teacher cannot be learned from.
    public enum TeacherProblem: Sendable {
        /// The file holds no vectors that can be read.
        case unusable(any Error)
        /// The file has another number of vectors than the data has rows.
        case rows(found: Int, expected: Int)
        /// Its vectors have another width than the alignment projection of the model to continue with.
        case width(found: Int, expected: Int)
    }

    /// How encoder and decoder differ.
    public enum DecoderProblem: Sendable, Equatable {
        /// The hidden sizes H differ.
        case hiddenSize(model: Int, decoder: Int)
        /// The tokenizer has more tokens than the decoder's embedding has rows.
        case vocabulary(tokenizer: Int, decoder: Int)
    }

    /// A number that is checked at every step.
    public enum Quantity: Sendable { case loss, gradientNorm }

    /// Something that losses and weights depend on.
    public enum RunInput: Sendable, Equatable {
        /// The content of the data file, of the starting model's folder, or of the teacher.
        case data, model, teacher
        case option(TrainingOption)
        /// An option recorded by another version and unknown to this one.
        case unknownOption(String)
    }

    /// The rows of one step.
    public struct Batch: Sendable, Equatable {
        /// Path of the data file.
        public let data: String
        /// Their lines in the data file, counted from 1.
        public let lines: [Int]
        /// The ids of those rows that have one.
        public let ids: [String]
    }
}

extension TrainingError: CustomStringConvertible, LocalizedError {
    /// The facts as one English phrase without a remedy, for logs.
    public var description: String {
        switch self {
        case .badOption(let option, let problem): "\(option.rawValue) \(problem)"
        case .evaluatesLanguageModel: "pre-training makes no embedder to evaluate"
        case .cannotRead(let path, let problem): "\(path): cannot be read: \(problem)"
        case .cannotWrite(let path, let error): "\(path): cannot be written: \(Self.fact(error))"
        case .compressed(let path, let format): "\(path): is compressed (\(format))"
        case .badLine(let path, let line, let problem): "\(path):\(line): \(problem)"
        case .noRows(let path): "\(path): no rows to train on"
        case .badModel(let path, let problem): "\(path): \(problem)"
        case .notAFolder(let path): "\(path): a file, not a model folder"
        case .embedder(let error): error.description
        case .badTeacher(let path, let problem): "\(path): \(problem)"
        case .decoderMismatch(let model, let decoder, let problem):
            "the decoder \(decoder) does not fit the model \(model): \(problem)"
        case .outputExists(let path): "\(path): already holds a model"
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

    /// Equals `description`.
    public var errorDescription: String? { description }

    /// What an error beneath states; Foundation's own description of itself is for debugging.
    fileprivate static func fact(_ error: any Error) -> String {
        if let error = error as? ByteStreamError { return error.fact }
        return (error as? CocoaError)?.localizedDescription ?? "\(error)"
    }

    /// The first 16 names, with "…" if there are more.
    private static func list(_ names: [String]) -> String {
        names.prefix(16).joined(separator: ", ") + (names.count > 16 ? ", …" : "")
    }
}

extension TrainingError.ReadProblem: CustomStringConvertible {
    /// The fact in English, without the file's name.
    public var description: String {
        switch self {
        case .missing: "no such file"
        case .notAnObject: "not a JSON object"
        case .notARecord: "not the record of a training run"
        case .wrongSize(let tensor): "\(tensor) has another size"
        case .changedWhileRead(let error):
            "it changed while it was read: \(TrainingError.fact(error))"
        case .failed(let error): TrainingError.fact(error)
        }
    }
}

extension TrainingError.ModelProblem: CustomStringConvertible {
    /// The fact in English, without the folder's name.
    public var description: String {
        switch self {
        case .noWeights: "there is no model.safetensors"
        case .llm2VecGen(let stage):
            "is an LLM2Vec-Gen model, which \(stage) does not train"
        case .noCompressedTokens(let stage):
            "the template has no {compressed_tokens}, which \(stage) trains"
        case .decoderOffset(let count, let expected):
            "decoder_offset has \(count) numbers, expected \(expected)"
        case .noEndOfText: "tokenizer_config.json has no eos_token"
        case .adapterNotUniform:
            "an adapter with \"rank_pattern\", \"alpha_pattern\" or \"modules_to_save\" cannot be "
                + "trained further"
        case .otherTokenRows(let saved, let compressed):
            "its trained rows are \(saved), the compressed tokens are \(compressed)"
        case .wrongTensor(let name, let shape, let expected):
            "\(name) is \(shape), expected \(expected) weights"
        case .unreadable(let error): TrainingError.fact(error)
        }
    }
}

extension TrainingError.RowProblem: CustomStringConvertible {
    /// The problem as an English phrase that completes "file:line: …".
    public var description: String {
        switch self {
        case .notAnObject: "not a JSON object"
        case .notJSON(let error): "not JSON: \(error)"
        case .missingKey(let key): "the key \"\(key)\" is missing"
        case .notAString(let key): "\"\(key)\" is not a string"
        case .notStrings(let key): "\"\(key)\" is neither a string nor an array of strings"
        case .empty(let key): "\"\(key)\" is empty"
        case .noNegative(let key): "no negative in \"\(key)\""
        case .onlyPositives(let key): "every text in \"\(key)\" is also a positive of the row"
        case .shortArray: "an array needs at least a query and a positive"
        case .labelledPairs(let key):
            "\"\(key)\": pairs with a label or score are not supported, as not every pair is a positive"
        case .tooLong(let limit): "longer than \(limit >> 20) MiB"
        }
    }
}

extension TrainingError.TeacherProblem: CustomStringConvertible {
    /// The fact in English, without the path.
    public var description: String {
        switch self {
        case .unusable(let error): TrainingError.fact(error)
        case .rows(let found, let expected):
            "has \(found) vectors, but the data have \(expected) rows"
        case .width(let found, let expected):
            "has vectors of \(found) numbers, but the model's projections make \(expected)"
        }
    }
}

extension TrainingError.DecoderProblem: CustomStringConvertible {
    /// The problem as an English phrase with both numbers.
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
    /// "loss" or "gradient norm".
    public var description: String {
        switch self {
        case .loss: "loss"
        case .gradientNorm: "gradient norm"
        }
    }
}

extension TrainingError.RunInput: CustomStringConvertible {
    /// An English noun phrase, or the option's recorded name.
    public var description: String {
        switch self {
        case .data: "the content of the data"
        case .model: "the content of the starting model"
        case .teacher: "the content of the teacher"
        case .option(let option): option.rawValue
        case .unknownOption(let name): name
        }
    }
}
