import Foundation
import TextBytes
import Tokenization
import Transformer

/// The log-probability of a document given a query.
public struct DocumentScore: Sendable, Equatable {
    /// log p(document | e(query)), the natural logarithm, summed over the document's tokens and
    /// EOS.
    public var logProbability: Double
    /// The number of tokens summed over, including EOS.
    public var tokenCount: Int
}

extension AutoRegEmbedder {
    /// Returns log p(document | e(query, instruction)) for each document under the frozen decoder D:
    /// the query's k states, projected in an LLM2Vec-Gen model, scaled and shifted by the model's `decoder_scale` and
    /// `decoder_offset`, are its first k input embeddings, followed by the document's tokens, of
    /// which the first `max_length` are scored.
    ///
    /// - Parameters:
    ///   - query: the text that the documents continue.
    ///   - documents: the texts to score, in the order of the results.
    ///   - instruction: the query's instruction.
    ///   - task: the task whose instructions are meant.
    ///   - isCancelled: asked between batches; returning true throws `CancellationError`.
    /// - Throws: ``AutoRegEmbedError``: `notCompressed` for a model that pools otherwise,
    ///   `noEndOfText` if the tokenizer has no EOS; `CancellationError`.
    public func score(
        query: String, documents: [String], instruction: Instruction = .next,
        task: EmbeddingTask = .retrieval, isCancelled: @Sendable () -> Bool = { false }
    ) throws -> [DocumentScore] {
        guard let end = tokenizer.eosID else {
            throw AutoRegEmbedError.noEndOfText(path: parts.path)
        }
        let prefix = try prefix(query, instruction: instruction, task: task)
        let decoder = try decoder
        let targets = documents.map { document in
            let text =
                settings.method == .llm2VecGen ? document.trimmingWhiteSpace() : document
            let ids = tokenizer.encode(text).prefix(settings.maximumLength) + [end]
            return LanguageModel.TargetInput(
                sequence: SequenceInput(
                    prefix: prefix, rows: compressedIDs.count, tokens: Array(ids)),
                targetCount: ids.count)
        }
        do {
            let values = try decoder.logProbabilities(
                of: targets, threads: threads, isCancelled: isCancelled)
            return zip(values, targets).map {
                DocumentScore(logProbability: $0, tokenCount: $1.targetCount)
            }
        } catch ModelError.cancelled {
            throw CancellationError()
        } catch { throw AutoRegEmbedError.model(error) }
    }

    /// Returns the text that the frozen decoder generates greedily from the text's compressed tokens,
    /// without special tokens.
    ///
    /// - Parameters:
    ///   - text: the text to compress.
    ///   - instruction: what the compressed tokens express: `self_` for the text, `next` for what
    ///     should follow it.
    ///   - task: the task whose instructions are meant.
    ///   - maximumTokens: the most tokens generated; never more than 4096 or the decoder's context,
    ///     whichever is larger.
    /// - Throws: ``AutoRegEmbedError``, `notCompressed` for a model that pools otherwise.
    public func decode(
        _ text: String, instruction: Instruction, task: EmbeddingTask = .retrieval,
        maximumTokens: Int = 128
    ) throws -> String {
        let prefix = try prefix(text, instruction: instruction, task: task)
        let decoder = try decoder
        do {
            let ids = try decoder.generateGreedily(
                after: SequenceInput(prefix: prefix, rows: compressedIDs.count, tokens: []),
                maximumTokens: min(maximumTokens, longestText(of: decoder)),
                stopping: endOfText(of: decoder))
            return tokenizer.decode(ids, skippingSpecialTokens: true)
        } catch { throw AutoRegEmbedError.model(error) }
    }

    /// e(text, instruction), or p, as the decoder reads it, multiplied by `decoder_scale` and with
    /// `decoder_offset` added to each state: `[k * H]`.
    private func prefix(
        _ text: String, instruction: Instruction, task: EmbeddingTask
    ) throws -> [Float] {
        let scale = Float(settings.decoderScale)
        let offset = settings.decoderOffset
        return try states(text, instruction: instruction, task: task).flatMap { state in
            let scaled = scale == 1 ? state : state.map { $0 * scale }
            return offset.isEmpty ? scaled : zip(scaled, offset).map { $0 + $1 }
        }
    }

    /// The ids that end a generated text.
    func endOfText(of decoder: LanguageModel) -> Set<Int32> {
        Set(decoder.configuration.endOfText + [tokenizer.eosID].compactMap(\.self))
    }

    /// The most tokens ever generated, for a decoder that does not end its text.
    private func longestText(of decoder: LanguageModel) -> Int {
        max(4096, decoder.configuration.maximumPositions)
    }
}
