import AutoRegEmbed
import JSON
import VectorDatabase

/// The input of a request for embeddings: a text, texts, token ids, or lists of token ids.
struct EmbeddingInput {
    let texts: [String]

    /// - Parameter embedder: the model whose vocabulary ``TokenIDs/model`` means.
    /// - Throws: `wrongValue`, `tokensRefused`, `tokensWithoutText`.
    init(
        _ value: JSONValue, tokens: TokenIDs, embedder: any Embedder
    ) throws(RequestFailure) {
        let expected =
            "a string, or an array of 1 to \(Limits.inputs) strings or arrays of token ids"
        switch value {
        case .string(let text): texts = [text]
        case .array(let values):
            guard !values.isEmpty else {
                throw .wrongValue(name: "input", expected: expected)
            }
            if values.allSatisfy({ $0.integerValue != nil }) {
                texts = [try tokens.text(values, embedder)]
                return
            }
            guard values.count <= Limits.inputs else {
                throw .wrongValue(name: "input", expected: expected)
            }
            var texts: [String] = []
            for value in values {
                switch value {
                case .string(let text): texts.append(text)
                case .array(let ids): texts.append(try tokens.text(ids, embedder))
                default: throw .wrongValue(name: "input", expected: expected)
                }
            }
            self.texts = texts
        default: throw .wrongValue(name: "input", expected: expected)
        }
    }
}

/// What token ids in a request mean: they belong to some model's vocabulary, and most clients send those
/// of one of OpenAI's.
package enum TokenIDs: Sendable {
    case refuse
    /// Ids of the model that encodes, as `vdb tokenize` prints them.
    case model
    /// Ids of a table of byte sequences, as in a file of tiktoken.
    case table([Int: [UInt8]])

    /// The text that is encoded in place of ids.
    ///
    /// - Throws: `wrongValue`, `tokensRefused`, `tokensWithoutText`.
    func text(
        _ values: [JSONValue], _ embedder: any Embedder
    ) throws(RequestFailure) -> String {
        let ids = values.compactMap(\.integerValue)
        guard ids.count == values.count else {
            throw .wrongValue(name: "input", expected: "made of texts or of integers")
        }
        switch self {
        case .refuse: throw .tokensRefused
        case .model:
            guard let text = (embedder as? any ModelEmbedder)?.text(ofTokens: ids) else {
                throw .tokensWithoutText(param: "input")
            }
            return text
        case .table(let table):
            var bytes: [UInt8] = []
            for id in ids {
                guard let piece = table[id] else { throw .tokensWithoutText(param: "input") }
                bytes += piece
            }
            // A text may have been cut inside of a character.
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
