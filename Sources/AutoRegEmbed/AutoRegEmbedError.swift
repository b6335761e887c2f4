import FileFormat
import Foundation
import Tensors
import Transformer

/// Why a model cannot be loaded or a text not be encoded.
public enum AutoRegEmbedError: Error, Sendable {
    /// `config.json` or the weights are invalid or unsupported; the underlying error says why.
    case model(any Error)
    /// `tokenizer.json` is invalid or unsupported; the underlying error says why.
    case tokenizer(any Error)
    /// A settings file, such as `autoregembed.json` or `adapter_config.json`, is invalid at `key`,
    /// or as a whole if `key` is empty.
    case settings(path: String, key: String, problem: String)
    /// The tokenizer lacks a compressed token that the settings name.
    case missingToken(path: String, token: String)
    /// The tokenizer has more ids than the model has embeddings.
    case vocabularyTooSmall(path: String, tokenizer: Int, model: Int)
    /// The decoder is not the one that the model was trained with.
    case decoderMismatch(path: String, recorded: String, found: String)
    /// A base was given for a model that is not an adapter.
    case baseWithoutAdapter(path: String)
    /// An adapter's base was not found. `recorded` is what `adapter_config.json` at `path` says,
    /// nil if it names none.
    case noBase(path: String, recorded: String?)
    /// The folder has no `tokenizer.json`; `others` are tokenizer files in formats that are not
    /// supported.
    case noTokenizer(folder: String, others: [String])
    /// The adapter's tensors are invalid or do not fit the model.
    case adapter(path: String, problem: String)
    /// Text, instruction and template together give no token.
    case emptyInput
    /// Decoding and scoring need compressed tokens, which this model's pooling does not use.
    case notCompressed(pooling: String)
    /// The tokenizer has no end-of-sequence token.
    case noEndOfText(path: String)
}

extension AutoRegEmbedError: CustomStringConvertible, LocalizedError {
    /// The facts as one English phrase without a remedy, for logs.
    public var description: String {
        switch self {
        case .model(let error), .tokenizer(let error): "\(error)"
        case .settings(let path, let key, let problem):
            key.isEmpty ? "\(path): \(problem)" : "\(path): \"\(key)\": \(problem)"
        case .missingToken(let path, let token):
            "\(path): the tokenizer has no token \(token)"
        case .vocabularyTooSmall(let path, let tokenizer, let model):
            "\(path): the tokenizer has \(tokenizer) ids, but the model has \(model) embeddings; "
                + "they do not belong together"
        case .decoderMismatch(let path, let recorded, let found):
            "\(path): the decoder's fingerprint is \(found), but the model was trained with "
                + recorded
        case .adapter(let path, let problem): "\(path): \(problem)"
        case .noBase(let path, let recorded):
            recorded.map {
                "\(path): \"base_model_name_or_path\": the folder \($0) was not found"
            } ?? "\(path): \"base_model_name_or_path\" does not name a base model"
        case .baseWithoutAdapter(let path):
            "\(path): is not an adapter, so it has no base model"
        case .noTokenizer(let folder, let others):
            others.isEmpty
                ? "\(folder): has no tokenizer.json"
                : "\(folder): has \(others.joined(separator: ", ")), but no tokenizer.json"
        case .emptyInput: "the input has no tokens"
        case .notCompressed(let pooling):
            "decoding and scoring need compressed tokens, which pooling '\(pooling)' does not use"
        case .noEndOfText(let path):
            "\(path): tokenizer_config.json has no eos_token, which scoring needs"
        }
    }

    /// Equals `description`.
    public var errorDescription: String? { description }

    /// Files of weights in formats that are not read, if a folder has no others.
    package var unreadWeights: [String] {
        guard case .model(ModelError.noWeights(_, let others)) = self else { return [] }
        return others
    }

    /// Whether a language model is needed and the folder is an encoder's.
    package var isEncoder: Bool {
        switch self {
        case .model(ModelConfigurationError.encoder), .model(ModelError.configuration(.encoder)):
            true
        default: false
        }
    }

    /// The file error that caused this one; nil if none did.
    package var fileError: FileError? {
        switch self {
        case .model(let error as ModelError): error.fileError
        case .model(let error as SafetensorsError): error.fileError
        case .model(let error as ModelConfigurationError): error.fileError
        case .model(let error as FileError), .tokenizer(let error as FileError): error
        default: nil
        }
    }
}

extension ModelError {
    fileprivate var fileError: FileError? {
        switch self {
        case .configuration(let error): error.fileError
        case .checkpoint(let error): error.fileError
        default: nil
        }
    }
}

extension SafetensorsError {
    fileprivate var fileError: FileError? { if case .file(let error) = self { error } else { nil } }
}

extension ModelConfigurationError {
    fileprivate var fileError: FileError? { if case .file(let error) = self { error } else { nil } }
}
