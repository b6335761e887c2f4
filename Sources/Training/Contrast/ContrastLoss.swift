import Tensors

/// InfoNCE on the vectors that the database searches (van den Oord et al. 2018):
///
///     loss = - log( exp(v_q . v_+ / tau) / sum over d exp(v_q . v_d / tau) ),   mean over rows
///
/// d runs over the positive, the row's hard negatives and, with in-batch negatives, every document
/// of the batch's other rows whose bytes do not equal a positive of this row.
///
/// With in-batch negatives, the loss compares all rows of a batch, so it is not a sum over parts.
/// Gradient caching (Gao et al. 2021) still computes it in parts: first the vectors of the whole
/// batch without recording, then the loss and its gradient with respect to the vectors, then, part
/// by part, the vectors again with recording and backpropagation from that gradient.
struct ContrastLoss {
    let model: ConditionalModel
    let temperature: Float
    let usesInBatchNegatives: Bool

    struct Example: StageExample {
        let query: [Int32]
        /// The positive first, then the negatives.
        let documents: [[Int32]]
        /// The documents' texts, in their order.
        let texts: [TextBytes]
        /// All positives of the row, including those that this run does not use.
        let positives: Set<TextBytes>
        var inputs: [[Int32]] { [query] + documents }
        var tokens: Int { inputs.reduce(0) { $0 + $1.count } }
    }

    /// The documents that each example's query is compared with, its positive first, as indices
    /// into all examples' documents; and how many texts of other rows were left out because they
    /// equal a positive of the row.
    func candidates(_ examples: [Example]) -> (candidates: [[Int]], leftOut: Int) {
        var starts = [0]
        for example in examples {
            starts.append(starts[starts.count - 1] + example.documents.count)
        }
        var leftOut = 0
        let candidates = examples.indices.map { index in
            let own = Array(starts[index]..<starts[index + 1])
            guard usesInBatchNegatives else { return own }
            var others: [Int] = []
            for other in examples.indices where other != index {
                for (place, text) in examples[other].texts.enumerated() {
                    if examples[index].positives.contains(text) {
                        leftOut += 1
                    } else {
                        others.append(starts[other] + place)
                    }
                }
            }
            return own + others
        }
        return (candidates, leftOut)
    }

    /// The loss from the vectors of all inputs, in order: `[inputs, H]`.
    func loss(_ tape: Tape, vectors: Tensor, _ examples: [Example]) -> Tensor {
        var queries: [Int32] = []
        var documents: [Int32] = []
        var row: Int32 = 0
        for example in examples {
            queries.append(row)
            documents += example.documents.indices.map { row + 1 + Int32($0) }
            row += Int32(example.inputs.count)
        }
        let scores = tape.scaled(
            tape.innerProducts(
                tape.gather(vectors, rows: queries), tape.gather(vectors, rows: documents)),
            by: 1 / temperature)
        let candidates = candidates(examples).candidates.enumerated().map { index, places in
            places.map { index * documents.count + $0 }
        }
        let losses = tape.negativeLogLikelihood(scores, candidates: candidates)
        return tape.weightedSum(
            losses, [Float](repeating: 1 / Float(examples.count), count: examples.count))
    }

    /// Computes the loss of the batch and leaves its gradients in the parameters.
    ///
    /// - Parameter parts: the examples in micro-batches.
    func run(
        backend: any Backend, precision: ComputePrecision, parts: [[Example]], dropoutSeed: UInt64?
    ) -> Float {
        let examples = parts.flatMap { $0 }
        if parts.count == 1 {
            let tape = Tape(backend: backend, precision: precision)
            let vectors = model.vectors(
                tape, examples.flatMap(\.inputs), dropoutSeed: dropoutSeed)
            let loss = loss(tape, vectors: vectors, examples)
            let value = tape.values(loss)[0]
            tape.backward(from: loss)
            return value
        }
        // Use the same seed in both passes, so that dropout is the same.
        let seeds = parts.indices.map { part in dropoutSeed.map { $0 &* 1024 &+ UInt64(part) } }
        var cached: [Float] = []
        for (part, seed) in zip(parts, seeds) {
            let silent = Tape(backend: backend, precision: precision, isRecording: false)
            cached += silent.values(
                model.vectors(silent, part.flatMap(\.inputs), dropoutSeed: seed))
        }
        let width = model.encoder.configuration.hiddenSize
        let leaf = Tensor(
            shape: [cached.count / width, width], value: Value(backend.buffer(cached)),
            slot: GradientSlot(count: cached.count))
        let tape = Tape(backend: backend, precision: precision)
        let loss = loss(tape, vectors: leaf, examples)
        let value = tape.values(loss)[0]
        tape.backward(from: loss)
        guard let gradient = leaf.slot?.take()?.array else { return value }
        var start = 0
        for (part, seed) in zip(parts, seeds) {
            let tape = Tape(backend: backend, precision: precision)
            let vectors = model.vectors(tape, part.flatMap(\.inputs), dropoutSeed: seed)
            let slice = Array(gradient[start..<start + vectors.count])
            tape.backward(from: vectors, seed: backend.buffer(slice))
            start += vectors.count
        }
        return value
    }
}
