import Tensors
import Transformer

/// Next-token prediction:
///
///     loss = - 1/N  sum over sequences and t  log softmax(E(x_1 … x_t))[x_(t+1)]
///
/// N is the number of predicted tokens of the whole batch.
struct PretrainLoss: StageLoss {
    let model: DifferentiableDecoder

    struct Example: StageExample {
        /// BOS, the text's tokens and EOS, or a piece of these.
        let sequence: [Int32]
        var tokens: Int { sequence.count }
    }

    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor {
        // The last token of a sequence predicts nothing.
        let layout = SequenceLayout(lengths: examples.map { $0.sequence.count - 1 })
        let inputs = model.embed(tape, examples.flatMap { $0.sequence.dropLast() })
        let states = model.states(
            tape, inputs: inputs, layout: layout, rows: (0..<layout.rows).map(Int32.init),
            dropoutSeed: batch.dropoutSeed)
        let words = model.logProbability(
            tape, states, targets: examples.flatMap { $0.sequence.dropFirst() })
        return tape.weightedSum(
            words, [Float](repeating: -1 / Float(batch.targetTokens), count: words.count))
    }

    func targetTokens(_ example: Example) -> Int { example.sequence.count - 1 }
}
