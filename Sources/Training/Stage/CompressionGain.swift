import Tensors

/// How much of a text its compressed tokens carry: how much more likely the frozen decoder finds a
/// target s under the compressed tokens of its own text x than under those of another x',
///
///     gain = 1/N  sum over rows  log p(s | e(x)) - log p(s | e(x'))        in nats per target token
///
/// N is the number of the rows' target tokens, EOS included; x' is the text of the next row of the
/// batch, cyclically, whose target differs.
///
/// 0 is a plateau that the loss does not show: the model has learned the language of the targets
/// and nothing of the text, so that any text's compressed tokens do as well.
struct CompressionGain {
    let model: ConditionalModel

    struct Sample {
        /// The encoder's input, ending with the compressed tokens.
        let input: [Int32]
        /// The target with its EOS.
        let target: [Int32]

        /// Tokens that go through encoder and decoder.
        var tokens: Int { input.count + 2 * target.count }
    }

    /// Whether a step is measured: the first, every tenth and the last.
    static func isDue(step: Int, of total: Int) -> Bool {
        step == 1 || step.isMultiple(of: 10) || step == total
    }

    /// How many rows of a batch are measured: the first third, and two at least. The forward passes
    /// over a third of the batch take about a sixth of a step's time, so that measuring every tenth
    /// step takes less than two hundredths of the run's.
    static func rows(of batch: Int) -> Int { max(2, batch / 3) }

    /// - Parameter maximumTokens: the most tokens computed at once. Samples beyond it are left out,
    ///   except the first two.
    /// - Returns: nil if all targets are the same.
    func measure(_ tape: Tape, _ samples: [Sample], maximumTokens: Int = .max) -> Double? {
        var size = 0
        let fitting = samples.prefix { sample in
            size += sample.tokens
            return size <= maximumTokens
        }
        let samples = samples.prefix(max(2, fitting.count))
        var pairs: [ConditionalModel.Pair] = []
        for (own, sample) in samples.enumerated() {
            let others = (1..<max(1, samples.count)).map { (own + $0) % samples.count }
            guard let other = others.first(where: { samples[$0].target != sample.target }) else {
                continue
            }
            for encoding in [own, other] {
                pairs.append(.init(encoding: encoding, target: sample.target))
            }
        }
        guard !pairs.isEmpty else { return nil }
        let encodings = model.encode(tape, samples.map(\.input), dropoutSeed: nil)
        let (words, offsets) = model.wordLogProbabilities(tape, encodings: encodings, pairs)
        let values = tape.values(words)
        var sum = 0.0
        var count = 0
        for pair in stride(from: 0, to: pairs.count, by: 2) {
            let own = values[offsets[pair]..<offsets[pair + 1]]
            let other = values[offsets[pair + 1]..<offsets[pair + 2]]
            for (a, b) in zip(own, other) { sum += Double(a) - Double(b) }
            count += own.count
        }
        return sum / Double(count)
    }
}
