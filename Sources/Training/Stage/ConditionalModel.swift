import AutoRegEmbed
import Tensors
import Transformer

/// Encoder E and frozen decoder D with the k compressed tokens between them.
///
///     e(x, I)        [k, H]  E's final states at the compressed tokens of the input; in LLM2Vec-Gen
///                            p(x), their projections
///     log p(d | e)           the probability that D, given e as its first k inputs, continues with d
struct ConditionalModel {
    var encoder: DifferentiableDecoder
    let decoder: DifferentiableDecoder?
    let compressedTokens: Int
    /// The states that a vector is the mean of: those of the compressed tokens, which e are, or for
    /// contrast without them the last or all.
    var pooling = Pooling.compressed
    /// What happens to e before it enters D.
    var decoderInput = DecoderInput()
    /// LLM2Vec-Gen's; nil in AutoRegEmbed.
    var projections: ProjectionParameters?

    /// A target d (with its EOS), scored under the encoding with index `encoding`.
    struct Pair {
        let encoding: Int
        let target: [Int32]
    }

    /// The number of elements in a vector.
    var vectorWidth: Int { projections?.vectorWidth ?? encoder.configuration.hiddenSize }

    /// e, or p, of every input, concatenated: `[inputs * k, H]`.
    func encode(_ tape: Tape, _ inputs: [[Int32]], dropoutSeed: UInt64?) -> Tensor {
        let states = states(tape, inputs, dropoutSeed: dropoutSeed)
        return projections?.reconstruction.applied(tape, to: states) ?? states
    }

    /// E's final states at the compressed tokens of every input: `[inputs * k, H]`.
    private func states(_ tape: Tape, _ inputs: [[Int32]], dropoutSeed: UInt64?) -> Tensor {
        if encoder.trainsRowsAlone, let rows = encoder.trainedRows?.rows {
            let own = inputs.flatMap { _ in 0..<Int32(compressedTokens) }
            return encoder.states(
                tape, of: tape.gather(rows.tensor, rows: own),
                after: inputs.map { Array($0.dropLast(compressedTokens)) })
        }
        let layout = SequenceLayout(lengths: inputs.map(\.count))
        let rows = inputs.indices.flatMap {
            layout.range($0).suffix(compressedTokens).map(Int32.init)
        }
        return encoder.states(
            tape, inputs: encoder.embed(tape, inputs.flatMap { $0 }), layout: layout, rows: rows,
            dropoutSeed: dropoutSeed)
    }

    /// v of every input, L2-normalized: `[inputs, T]`.
    func vectors(_ tape: Tape, _ inputs: [[Int32]], dropoutSeed: UInt64?) -> Tensor {
        guard pooling == .compressed else {
            return tape.normalized(
                pooledWithoutTokens(tape, inputs, dropoutSeed: dropoutSeed))
        }
        return tape.normalized(pooled(tape, encode(tape, inputs, dropoutSeed: dropoutSeed)))
    }

    /// The last token's state of every input, or the mean of all: `[inputs, H]`.
    private func pooledWithoutTokens(
        _ tape: Tape, _ inputs: [[Int32]], dropoutSeed: UInt64?
    ) -> Tensor {
        let layout = SequenceLayout(lengths: inputs.map(\.count))
        let rows =
            pooling == .last ? layout.offsets.dropFirst().map { $0 - 1 } : Array(0..<layout.rows)
        let states = encoder.states(
            tape, inputs: encoder.embed(tape, inputs.flatMap { $0 }), layout: layout,
            rows: rows.map(Int32.init), dropoutSeed: dropoutSeed)
        return pooling == .last
            ? states : tape.segments(states, offsets: layout.offsets, mean: true)
    }

    /// v before normalization: the mean of each input's k rows e or p, in LLM2Vec-Gen A p̄ + a of it.
    ///
    ///     encodings [inputs * k, H] -> [inputs, T]
    func pooled(_ tape: Tape, _ encodings: Tensor) -> Tensor {
        let offsets = stride(from: 0, through: encodings.rows, by: compressedTokens)
        let mean = tape.segments(encodings, offsets: Array(offsets), mean: true)
        return projections?.alignment?.applied(tape, to: mean) ?? mean
    }

    /// D's states at the positions that predict the pairs' targets: in the sequence [e ; d_1 …
    /// d_T], position k - 1 predicts d_1 and the last position EOS. `[sum of target lengths, H]`
    ///
    /// - Returns: the states, and the row at which each pair's begin, followed by the end of the
    ///   last.
    func predictingStates(
        _ tape: Tape, encodings: Tensor, _ pairs: [Pair]
    ) -> (states: Tensor, offsets: [Int]) {
        guard let decoder else { preconditionFailure("this stage has no decoder") }
        // The input is the target without its EOS, which is only predicted.
        let words = pairs.flatMap { $0.target.dropLast() }
        let inputs = tape.stacked(
            decoderInput.applied(tape, to: encodings), decoder.embed(tape, words))
        var order: [Int32] = []
        var rows: [Int32] = []
        var offsets = [0]
        var word = Int32(encodings.rows)
        for pair in pairs {
            let first = order.count + compressedTokens - 1
            rows += pair.target.indices.map { Int32(first + $0) }
            offsets.append(rows.count)
            order += (0..<compressedTokens).map { Int32(pair.encoding * compressedTokens + $0) }
            order += (0..<pair.target.count - 1).map { word + Int32($0) }
            word += Int32(pair.target.count - 1)
        }
        let states = decoder.states(
            tape, inputs: tape.gather(inputs, rows: order),
            layout: SequenceLayout(
                lengths: pairs.map { compressedTokens + $0.target.count - 1 }), rows: rows)
        return (states, offsets)
    }

    /// log p of every target token, concatenated, and the offset at which each pair's begin.
    func wordLogProbabilities(
        _ tape: Tape, encodings: Tensor, _ pairs: [Pair]
    ) -> (words: Tensor, offsets: [Int]) {
        guard let decoder else { preconditionFailure("this stage has no decoder") }
        let (states, offsets) = predictingStates(tape, encodings: encodings, pairs)
        let words = decoder.logProbability(
            tape, states, targets: pairs.flatMap(\.target))
        return (words, offsets)
    }
}
