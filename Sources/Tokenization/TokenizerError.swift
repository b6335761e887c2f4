import FileFormat
import Foundation

/// What is wrong with a tokenizer's files, as facts.
package enum TokenizerError: Error, Equatable, Sendable {
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The bytes at `offset` are not JSON.
    case malformedJSON(file: String, offset: Int, problem: String)
    /// A required field is missing.
    case missingField(String)
    /// A field has an invalid type or value.
    case badField(String, expected: String)
    /// A stage that is not supported; `kind` is "normalizer", "decoder", …
    case unsupportedStage(kind: String, type: String)
    /// A regular expression is invalid or uses an unsupported construct, at the character `offset`.
    case badPattern(String, offset: Int, problem: String)
    /// A token's id is negative, or far beyond the number of tokens.
    case idOutOfRange(token: String, id: Int)
    /// Two tokens of the vocabulary have the same spelling.
    case duplicateToken(String)
    /// Two tokens of the vocabulary have the same id.
    case duplicateID(Int, token: String)
    /// Entry `index` of `merges` is not two tokens.
    case malformedMerge(index: Int)
    /// Entry `index` of `merges` names or produces a token that is not in the vocabulary.
    case mergeOfUnknownToken(index: Int, token: String)
    /// A setting names a token that is not in the vocabulary.
    case unknownToken(String, usedAs: String)
    /// A GGUF file's metadata is invalid.
    case metadata(GGUFError)
    /// One of the above in a GGUF file.
    indirect case inFile(path: String, TokenizerError)
}

extension TokenizerError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason):
            return "\(path): cannot be read: \(reason)"
        case .malformedJSON(let file, let offset, let problem):
            return "\(file): not JSON at byte \(offset): \(problem)"
        case .missingField(let field):
            return "tokenizer.json: `\(field)` is missing"
        case .badField(let field, let expected):
            return "tokenizer.json: `\(field)` must be \(expected)"
        case .unsupportedStage(let kind, let type):
            return "tokenizer.json: the \(kind) \(type) is not supported"
        case .badPattern(let pattern, let offset, let problem):
            return "tokenizer.json: pattern \(pattern) at character \(offset): \(problem)"
        case .idOutOfRange(let token, let id):
            return "tokenizer.json: token \(token) has the impossible id \(id)"
        case .duplicateToken(let token):
            return "tokenizer.json: token \(token) is in the vocabulary twice"
        case .duplicateID(let id, let token):
            return "tokenizer.json: id \(id) of token \(token) is also another token's"
        case .malformedMerge(let index):
            return "tokenizer.json: merge \(index) is not a pair of tokens"
        case .mergeOfUnknownToken(let index, let token):
            return
                "tokenizer.json: merge \(index) needs token \(token), which is not in the vocabulary"
        case .unknownToken(let token, let use):
            return "tokenizer.json: \(use) names token \(token), which is not in the vocabulary"
        case .metadata(let error): return error.description
        case .inFile(let path, let error):
            let text = error.description
            let start = "tokenizer.json: "
            return "\(path): \(text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text)"
        }
    }

    package var errorDescription: String? { description }
}
