import Foundation

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
        case .emptyInput: "there is no token to encode"
        case .notCompressed(let pooling):
            "pooling `\(pooling)` has no compressed tokens, which decoding and scoring need"
        case .noEndOfText(let path):
            "\(path): tokenizer_config.json names no eos_token, which ends a scored text"
        }
    }

    public var errorDescription: String? { description }
}
