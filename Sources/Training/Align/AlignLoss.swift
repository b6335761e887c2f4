import Tensors

/// Conditional distribution alignment (section 3.3, equation 2): the query's compressed tokens
/// learn to give the positive document the probability that its own compressed tokens give it, and
/// a negative document less than before.
///
///     S1   = - s( beta | log p(d+ | e_q) - log p(d+ | e_+) | )
///     S2_i = - s( beta [ r(d+ | e_q) - r(d-_i | e_q) ] )
///     loss = - log( exp(S1 / tau) / ( exp(S1 / tau) + sum_i exp(S2_i / tau) ) ),   mean over rows
///
/// with r(x | e) = log p(x | e) - log ref(x | e), ref the model before this stage, and s the
/// sigmoid, tanh, or log-sigmoid. With KL or JS
///
///     S1   = - sigmoid( mean over d+'s tokens of KL(D(d+ | e_+) || D(d+ | e_q)) )
///     S2_i = - sigmoid( the same with e(d-_i, I_self) for e_+ )
///
/// Strategies of appendix E, e_i = e(d-_i, I_self):
///
///     1   S1 = - s(beta |log p(q | e(q, I_self)) - log p(q | e(d+, I_prev))|),
///         S2_i = - s(beta [r(q | e(d+, I_prev)) - r(q | e(d-_i, I_prev))])
///     2   S1, S2_i: the means of the original's and strategy 1's
///     3   S2_i: the mean of the original's and - s(beta [r(d+ | e_+) - r(d-_i | e_+)])
///     4   S2_i: the mean of the original's and - s(beta [r(d-_i | e_i) - r(d+ | e_i)])
struct AlignLoss: StageLoss {
    let model: ConditionalModel
    let similarity: AlignmentSimilarity
    let strategy: AlignmentStrategy
    let beta: Float
    let temperature: Float
    /// Adds the reference difference instead of subtracting it, as the authors' trainer does.
    let reversesReferenceSign: Bool

    struct Example: StageExample {
        let plan: AlignmentPlan
        /// One for each of the plan's encodings.
        let inputs: [[Int32]]
        /// One for each of the plan's scores.
        let targets: [[Int32]]
        /// log ref of each score, by the model before the stage. Empty with KL and JS.
        var references: [Double] = []

        var tokens: Int {
            (inputs + targets).reduce(0) { $0 + $1.count }
        }
    }

    func targetTokens(_ example: Example) -> Int {
        example.targets.reduce(0) { $0 + $1.count }
    }

    /// The positive under e_+, or with strategy 1, which encodes no document so, the query under
    /// e(q, I_self).
    func gainSample(_ example: Example) -> CompressionGain.Sample? {
        let own = example.plan.scores.firstIndex {
            $0.target == $0.encoding.text && $0.encoding.instruction == .own
        }
        return own.map { score in
            let encoding = example.plan.encodingIndex(example.plan.scores[score].encoding)
            return .init(input: example.inputs[encoding], target: example.targets[score])
        }
    }

    /// log p of every target token of the examples' scores, and the offset at which each score's
    /// begin.
    func words(
        _ tape: Tape, _ examples: [Example], dropoutSeed: UInt64?
    ) -> (words: Tensor, offsets: [Int]) {
        let encodings = encode(tape, examples, dropoutSeed: dropoutSeed)
        return model.wordLogProbabilities(tape, encodings: encodings, pairs(examples))
    }

    private func encode(_ tape: Tape, _ examples: [Example], dropoutSeed: UInt64?) -> Tensor {
        model.encode(tape, examples.flatMap(\.inputs), dropoutSeed: dropoutSeed)
    }

    private func pairs(_ examples: [Example]) -> [ConditionalModel.Pair] {
        var first = 0
        var pairs: [ConditionalModel.Pair] = []
        for example in examples {
            for (score, target) in zip(example.plan.scores, example.targets) {
                let encoding = first + example.plan.encodingIndex(score.encoding)
                pairs.append(ConditionalModel.Pair(encoding: encoding, target: target))
            }
            first += example.inputs.count
        }
        return pairs
    }

    func loss(_ tape: Tape, _ examples: [Example], batch: BatchFacts) -> Tensor {
        let similarities =
            similarity.isDivergence
            ? divergenceSimilarities(tape, examples, dropoutSeed: batch.dropoutSeed)
            : probabilitySimilarities(tape, examples, dropoutSeed: batch.dropoutSeed)
        // S1 and then the S2_i of each row.
        var candidates: [[Int]] = []
        var first = 0
        for example in examples {
            candidates.append(Array(first...(first + example.plan.negatives)))
            first += example.plan.negatives + 1
        }
        let losses = tape.negativeLogLikelihood(
            tape.scaled(similarities, by: 1 / temperature), candidates: candidates)
        return tape.weightedSum(
            losses, [Float](repeating: 1 / Float(batch.rows), count: examples.count))
    }

    /// S1 and the S2_i of every example, one after another.
    private func probabilitySimilarities(
        _ tape: Tape, _ examples: [Example], dropoutSeed: UInt64?
    ) -> Tensor {
        let (words, offsets) = words(tape, examples, dropoutSeed: dropoutSeed)
        let references = examples.flatMap(\.references)
        // Each term is s(beta (a - b)), a and b among the scores: S1 takes the absolute value of
        // the difference, S2 subtracts the references' difference.
        var own = TermList()
        var against = TermList()
        var first = 0
        var output: Int32 = 0
        for example in examples {
            own.append(ownTerms(example.plan), first, output)
            output += 1
            for index in 0..<example.plan.negatives {
                against.append(negativeTerms(example.plan, index), first, output)
                output += 1
            }
            first += example.plan.scores.count
        }
        let sign: Double = reversesReferenceSign ? -1 : 1
        let differences = tape.absolute(
            tape.segmentDifferences(
                words, offsets: offsets, pairs: own.pairs,
                constants: own.pairs.map { _ in 0 }))
        let preferences = tape.segmentDifferences(
            words, offsets: offsets, pairs: against.pairs,
            constants: against.pairs.map { sign * (references[$0.a] - references[$0.b]) })
        return tape.combined(
            similarity(tape, differences, preferences),
            weights: (own.weights + against.weights).map { -$0 },
            into: own.outputs + against.outputs, count: Int(output))
    }

    private func similarity(_ tape: Tape, _ own: Tensor, _ against: Tensor) -> Tensor {
        let column = { (x: Tensor) in Tensor(shape: [x.count, 1], value: x.value, slot: x.slot) }
        let both = tape.scaled(tape.stacked(column(own), column(against)), by: beta)
        switch similarity {
        case .tanh: return tape.hyperbolicTangent(both)
        case .logSigmoid: return tape.logSigmoid(both)
        case .sigmoid, .kl, .js: return tape.sigmoid(both)
        }
    }

    /// The pairs of scores whose difference S1 takes; S1 is the mean over them.
    private func ownTerms(_ plan: AlignmentPlan) -> [(Int, Int)] {
        let original = {
            (
                plan.index(.positive, AlignmentPlan.query),
                plan.index(.positive, AlignmentPlan.positive)
            )
        }
        let backward = {
            (
                plan.index(.query, .init(text: .query, instruction: .own)),
                plan.index(.query, .init(text: .positive, instruction: .previous))
            )
        }
        switch strategy {
        case .queryGivenDocument: return [backward()]
        case .bothDirections: return [original(), backward()]
        case .documentGivenQuery, .negativeGivenPositive, .positiveGivenNegative:
            return [original()]
        }
    }

    /// The pairs of scores whose ratios S2_i compares; S2_i is the mean over them.
    private func negativeTerms(_ plan: AlignmentPlan, _ index: Int) -> [(Int, Int)] {
        let negative = AlignmentPlan.Text.negative(index)
        let original = {
            (
                plan.index(.positive, AlignmentPlan.query),
                plan.index(negative, AlignmentPlan.query)
            )
        }
        let backward = {
            (
                plan.index(.query, .init(text: .positive, instruction: .previous)),
                plan.index(.query, .init(text: negative, instruction: .previous))
            )
        }
        switch strategy {
        case .documentGivenQuery: return [original()]
        case .queryGivenDocument: return [backward()]
        case .bothDirections: return [original(), backward()]
        case .negativeGivenPositive:
            return [
                original(),
                (
                    plan.index(.positive, AlignmentPlan.positive),
                    plan.index(negative, AlignmentPlan.positive)
                ),
            ]
        case .positiveGivenNegative:
            let encoding = AlignmentPlan.negative(index)
            return [original(), (plan.index(negative, encoding), plan.index(.positive, encoding))]
        }
    }

    /// S1 and the S2_i of every example by divergence: the document's side p, the query's q.
    private func divergenceSimilarities(
        _ tape: Tape, _ examples: [Example], dropoutSeed: UInt64?
    ) -> Tensor {
        guard let decoder = model.decoder else { preconditionFailure("alignment has a decoder") }
        let encodings = encode(tape, examples, dropoutSeed: dropoutSeed)
        let (states, offsets) = model.predictingStates(tape, encodings: encodings, pairs(examples))
        var documentRows: [Int32] = []
        var queryRows: [Int32] = []
        var segments = [0]
        var first = 0
        for example in examples {
            // Score 0 is (d+ | e_q); those after it have the same target under other encodings.
            for score in 1..<example.plan.scores.count {
                documentRows += (offsets[first + score]..<offsets[first + score + 1]).map(
                    Int32.init)
                queryRows += (offsets[first]..<offsets[first + 1]).map(Int32.init)
                segments.append(documentRows.count)
            }
            first += example.plan.scores.count
        }
        let divergences = tape.divergence(
            tape.gather(states, rows: documentRows), tape.gather(states, rows: queryRows),
            weight: decoder.output.tensor, isSymmetric: similarity == .js)
        let means = tape.segments(divergences, offsets: segments, mean: true)
        return tape.scaled(tape.sigmoid(means), by: -1)
    }
}

/// Terms of the similarities: two scores each, the index of their similarity, and their weight in
/// it.
private struct TermList {
    var pairs: [(a: Int, b: Int)] = []
    var outputs: [Int32] = []
    var weights: [Float] = []

    /// Appends the terms of one similarity, which is their mean; scores are counted from `first`.
    mutating func append(_ terms: [(Int, Int)], _ first: Int, _ output: Int32) {
        for (a, b) in terms {
            pairs.append((first + a, first + b))
            outputs.append(output)
            weights.append(1 / Float(terms.count))
        }
    }
}
