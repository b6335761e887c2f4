import Tensors

/// Information compression (section 3.2): the frozen decoder learns to write the output from the
/// compressed tokens of context and instruction alone.
///
///     loss = - 1/N  sum over rows  log p(output + EOS | e(context, instruction))
///
/// N is the number of target tokens of the whole batch, EOS included.
struct CompressLoss: StageLoss {
    let model: ConditionalModel

    struct Example: StageExample {
        let input: [Int32]
        let target: [Int32]
        var tokens: Int { input.count + target.count }
    }

    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor {
        let encodings = model.encode(
            tape, examples.map(\.input), dropoutSeed: batch.dropoutSeed)
        let pairs = examples.enumerated().map {
            ConditionalModel.Pair(encoding: $0, target: $1.target)
        }
        let (words, _) = model.wordLogProbabilities(tape, encodings: encodings, pairs)
        return tape.weightedSum(
            words, [Float](repeating: -1 / Float(batch.targetTokens), count: words.count))
    }

    func targetTokens(_ example: Example) -> Int { example.target.count }

    func gainSample(_ example: Example) -> CompressionGain.Sample? {
        .init(input: example.input, target: example.target)
    }
}
