import Embedding
import TextBytes
import Transformer

/// Query likelihood (Sachan et al. 2022, "Improving Passage Retrieval with Zero-Shot Question
/// Generation"): the frozen decoder D reads the whole passage, and the question is scored as what it
/// writes next. Compressed tokens have no part in it, so that a model without them can do it, too.
extension AutoRegEmbedder: QuestionScorer {
    /// log p(question | passage) of each passage, in order: natural logarithms, the mean over the
    /// question's tokens. Passages and question are cut to `max_length` tokens.
    ///
    /// D reads `[BOS] Passage: … \n Question: …`. A question without tokens has 0 everywhere.
    ///
    /// - Throws: ``AutoRegEmbedError``; `CancellationError` if the task is cancelled.
    public func questionLogProbabilities(
        of question: String, given passages: [String]
    ) async throws -> [Double] {
        let target = tokenizer.encode(question.trimmingWhiteSpace()).prefix(settings.maximumLength)
        guard !target.isEmpty else { return passages.map { _ in 0 } }
        let before = (tokenizer.bosID.map { [$0] } ?? []) + tokenizer.encode("Passage: ")
        let after = tokenizer.encode("\nQuestion: ")
        let inputs = passages.map { passage in
            let text = tokenizer.encode(passage).prefix(settings.maximumLength)
            return LanguageModel.TargetInput(
                sequence: SequenceInput(tokens: before + text + after + target),
                targetCount: target.count)
        }
        return try await stoppingWhenCancelled { isCancelled in
            let decoder = try decoder
            do throws(ModelError) {
                return try decoder.logProbabilities(
                    of: inputs, threads: threads, isCancelled: isCancelled
                ).map { $0 / Double(target.count) }
            } catch .cancelled {
                throw CancellationError()
            } catch { throw AutoRegEmbedError.model(error) }
        }
    }
}
