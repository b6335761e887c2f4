import Foundation
import Tokenization
import Transformer

/// How likely the decoder finds a document after a query.
public struct DocumentScore: Sendable, Equatable {
    /// log p(document | e(query)), summed over the document's tokens and the end of text.
    public var logProbability: Double
    /// Tokens summed over, the end of text included.
    public var tokenCount: Int
}

extension AutoRegEmbedder {
    /// log p(document | e(query, instruction)) for each document, through the frozen decoder: the
    /// query's k states are its first k input embeddings, the document's tokens follow.
    ///
    /// - Throws: ``AutoRegEmbedError``; `CancellationError`.
    public func score(
        query: String, documents: [String], instruction: Instruction = .next,
        task: EmbeddingTask = .retrieval, isCancelled: @Sendable () -> Bool = { false }
    ) throws -> [DocumentScore] {
        guard let end = tokenizer.eosID else {
            throw AutoRegEmbedError.noEndOfText(path: parts.path)
        }
        let prefix = try states(query, instruction: instruction, task: task).flatMap { $0 }
        let decoder = try decoder
        let targets = documents.map { document in
            let ids = tokenizer.encode(document).prefix(settings.maximumLength) + [end]
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

    /// What the frozen decoder generates, greedily, from the text's compressed embedding.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public func decode(
        _ text: String, instruction: Instruction, task: EmbeddingTask = .retrieval,
        maximumTokens: Int = 128
    ) throws -> String {
        let prefix = try states(text, instruction: instruction, task: task).flatMap { $0 }
        let decoder = try decoder
        do {
            let ids = try decoder.generateGreedily(
                after: SequenceInput(prefix: prefix, rows: compressedIDs.count, tokens: []),
                maximumTokens: min(maximumTokens, longestText(of: decoder)),
                stopping: Set(
                    decoder.configuration.endOfText + [tokenizer.eosID].compactMap(\.self)))
            return tokenizer.decode(ids, skippingSpecialTokens: true)
        } catch { throw AutoRegEmbedError.model(error) }
    }

    /// Tokens after which a decoder that never ends its text is stopped, whatever was asked for.
    private func longestText(of decoder: LanguageModel) -> Int {
        max(4096, decoder.configuration.maximumPositions)
    }
}
