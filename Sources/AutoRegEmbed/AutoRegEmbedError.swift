import FileFormat
import Foundation
import Tensors
import Transformer

/// Why a model cannot be loaded, or a text not be encoded.
public enum AutoRegEmbedError: Error, Sendable {
    /// `config.json` or the weights are refused; the underlying error says why.
    case model(any Error)
    /// `tokenizer.json` is refused.
    case tokenizer(any Error)
    /// `autoregembed.json` or `adapter_config.json` is not what it should be.
    case settings(path: String, key: String, problem: String)
    /// The tokenizer lacks a compressed token that the settings ask for.
    case missingToken(path: String, token: String)
    /// The tokenizer has more ids than the model has embeddings.
    case vocabularyTooSmall(path: String, tokenizer: Int, model: Int)
    /// The decoder is not the one that the model was trained with.
    case decoderMismatch(path: String, recorded: String, found: String)
    /// A base was given for what is no adapter.
    case baseWithoutAdapter(path: String)
    /// An adapter's base is not where `adapter_config.json` at `path` says: nil, it says nothing.
    case noBase(path: String, recorded: String?)
    /// The folder has no `tokenizer.json`; `others` are files of tokenizers that are not read.
    case noTokenizer(folder: String, others: [String])
    /// An adapter names a layer that the model does not have, or one that cannot be adapted.
    case adapter(path: String, problem: String)
    /// Neither the text, nor the instruction, nor the template gives a token.
    case emptyInput
    /// Compressed texts need compressed tokens; this model pools otherwise.
    case notCompressed(pooling: String)
    /// The tokenizer has no token that ends a text.
    case noEndOfText(path: String)
}

extension AutoRegEmbedError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .model(let error), .tokenizer(let error): "\(error)"
        case .settings(let path, let key, let problem):
            key.isEmpty ? "\(path): \(problem)" : "\(path): \"\(key)\": \(problem)"
        case .missingToken(let path, let token):
            "\(path): the tokenizer has no token \(token)"
        case .vocabularyTooSmall(let path, let tokenizer, let model):
            "\(path): the tokenizer has \(tokenizer) ids but the model has \(model) embeddings, so "
                + "they do not belong together"
        case .decoderMismatch(let path, let recorded, let found):
            "\(path): the decoder's fingerprint is \(found), but the model was trained with "
                + recorded
        case .adapter(let path, let problem): "\(path): \(problem)"
        case .noBase(let path, let recorded):
            recorded.map {
                "\(path): \"base_model_name_or_path\": there is no folder \($0) here"
            } ?? "\(path): \"base_model_name_or_path\" names no base model"
        case .baseWithoutAdapter(let path):
            "\(path): is not an adapter, so it has no base model"
        case .noTokenizer(let folder, let others):
            others.isEmpty
                ? "\(folder): there is no tokenizer.json"
                : "\(folder): has \(others.joined(separator: ", ")), but no tokenizer.json"
        case .emptyInput: "there is no token to encode"
        case .notCompressed(let pooling):
            "pooling `\(pooling)` has no compressed tokens, which decoding and scoring need"
        case .noEndOfText(let path):
            "\(path): tokenizer_config.json names no eos_token, which ends a scored text"
        }
    }

    public var errorDescription: String? { description }

    /// The error of a file that lies under this one.
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
