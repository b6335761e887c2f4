import Tensors

/// LLM2Vec-Gen (BehnamGhader et al. 2026): from a query's compressed tokens the frozen decoder learns to
/// write the language model's answer y, and their mean to be the teacher's vector t of it.
///
///     p(q)    [N, H]   R h + r of E's states h at the compressed tokens
///     v(q)    [T]      the mean over p of A p + a
///
///     L_rec   = - 1/W  sum over rows  log p(y + EOS | p(q))
///     L_align =   1/B  sum over rows  1/T |v(q) - t(y)|^2
///     loss    =   w_rec L_rec + w_align L_align
///
/// W is the number of target tokens of the whole batch, EOS included, B its rows. Neither v nor t is
/// normalized. The paper writes the squared norm itself; its code, to which its learning rates belong,
/// has the mean over elements. A term of weight 0 is not computed.
struct RespondLoss: StageLoss {
    let model: ConditionalModel
    let reconstructionWeight: Float
    let alignmentWeight: Float

    struct Example: StageExample {
        let input: [Int32]
        /// The answer with its EOS; empty without a reconstruction loss.
        let target: [Int32]
        /// t, `[T]`; empty without an alignment loss.
        let teacher: [Float]
        /// The compressed tokens, which the decoder reads, too.
        let compressedTokens: Int
        /// Whether the input's words are constants.
        let hasConstantWords: Bool
        var tokens: Int { input.count + target.count }

        var load: MemoryNeed.Load {
            let words = hasConstantWords ? input.count - compressedTokens : 0
            // The last target is only predicted.
            let decoded = target.isEmpty ? 0 : compressedTokens + target.count - 1
            return MemoryNeed.Load(
                tokens: tokens, recorded: input.count - words + decoded, constant: words)
        }
    }

    func terms(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> LossTerms {
        let prompts = model.encode(tape, examples.map(\.input), dropoutSeed: batch.dropoutSeed)
        let reconstruction =
            reconstructionWeight == 0 ? nil : reconstruction(tape, prompts, examples, batch)
        let alignment = alignmentWeight == 0 ? nil : alignment(tape, prompts, examples, batch)
        return LossTerms(
            tape, reconstruction: reconstruction, times: reconstructionWeight,
            alignment: alignment, times: alignmentWeight)
    }

    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor {
        terms(tape, examples, batch: batch).total
    }

    private func reconstruction(
        _ tape: Tape, _ prompts: Tensor, _ examples: [Example], _ batch: BatchFacts
    ) -> Tensor {
        let pairs = examples.enumerated().map {
            ConditionalModel.Pair(encoding: $0, target: $1.target)
        }
        let (words, _) = model.wordLogProbabilities(tape, encodings: prompts, pairs)
        return tape.weightedSum(
            words, [Float](repeating: -1 / Float(batch.targetTokens), count: words.count))
    }

    private func alignment(
        _ tape: Tape, _ prompts: Tensor, _ examples: [Example], _ batch: BatchFacts
    ) -> Tensor {
        let squares = tape.meanSquaredDifference(
            model.pooled(tape, prompts), from: examples.flatMap(\.teacher))
        return tape.weightedSum(
            squares, [Float](repeating: 1 / Float(batch.rows), count: squares.count))
    }

    func targetTokens(_ example: Example) -> Int { example.target.count }

    func gainSample(_ example: Example) -> CompressionGain.Sample? {
        reconstructionWeight == 0 ? nil : .init(input: example.input, target: example.target)
    }
}
