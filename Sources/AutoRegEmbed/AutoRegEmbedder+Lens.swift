import Foundation
import Transformer

/// A token that the decoder's head finds likely at a compressed token.
public struct LikelyToken: Sendable, Equatable {
    /// Its id.
    public let id: Int32
    /// Its text; a special token's is its name.
    public let text: String
    /// softmax(W h) at the id, with W the decoder's head.
    public let probability: Double
}

/// What one compressed token holds, in the words of the decoder's vocabulary.
public struct CompressedTokenReading: Sendable, Equatable {
    /// The compressed token's name, such as `<EMBED0>`.
    public let token: String
    /// The likeliest tokens, the likeliest first.
    public let likeliest: [LikelyToken]
}

extension AutoRegEmbedder {
    /// The logit lens (nostalgebraist 2020), with which LLM2Vec-Gen's paper looks into its vectors: the
    /// decoder's head applied to each compressed token's last hidden state h, not projected.
    ///
    /// - Parameters:
    ///   - text: the text to compress.
    ///   - instruction: what the compressed tokens express: `self_` for the text, `next` for what
    ///     follows it.
    ///   - task: the task whose instructions are meant.
    ///   - count: the number of likeliest tokens, 1 or more.
    /// - Returns: one reading for each compressed token, in their order.
    /// - Throws: ``AutoRegEmbedError``, `notCompressed` for a model that pools otherwise.
    public func readCompressedTokens(
        of text: String, instruction: Instruction, task: EmbeddingTask = .retrieval, count: Int
    ) throws -> [CompressedTokenReading] {
        let states = try hiddenStates(text, instruction: instruction, task: task)
        let logits: [Float]
        do { logits = try decoder.logits(ofStates: states) } catch let error as ModelError {
            throw AutoRegEmbedError.model(error)
        }
        let width = logits.count / compressedIDs.count
        return settings.compressedTokens.enumerated().map { place, token in
            let row = logits[place * width..<(place + 1) * width]
            return CompressedTokenReading(token: token, likeliest: likeliest(count, of: Array(row)))
        }
    }

    private func likeliest(_ count: Int, of logits: [Float]) -> [LikelyToken] {
        let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
        let greatest = Double(order.first.map { logits[$0] } ?? 0)
        let sum = logits.reduce(0.0) { $0 + exp(Double($1) - greatest) }
        return order.prefix(count).map { index in
            LikelyToken(
                id: Int32(index),
                text: tokenizer.decode([Int32(index)], skippingSpecialTokens: false),
                probability: exp(Double(logits[index]) - greatest) / sum)
        }
    }
}
