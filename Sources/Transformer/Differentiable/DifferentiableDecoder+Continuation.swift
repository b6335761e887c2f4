import Tensors

/// Trained rows after constant words.
///
/// Attention is causal, so the rows that follow a text change nothing in it: the text's keys and values
/// are constants in every layer. They are computed without recording, and the backward pass covers the
/// rows alone.
extension DifferentiableDecoder {
    /// Whether nothing but the embedding's trained rows has a gradient.
    package var trainsRowsAlone: Bool {
        trainedRows?.rows.isTrained == true && !parameters.contains(where: \.isTrained)
            && layers.allSatisfy { layer in
                layer.projections.values.allSatisfy { $0.adapter?.a.isTrained != true }
            }
    }

    /// The states after the final norm of rows that follow each text's words.
    ///
    ///     rows [S n, H], the words of S texts -> [S n, H]
    package func states(_ tape: Tape, of rows: Tensor, after words: [[Int32]]) -> Tensor {
        let own = rows.rows / max(1, words.count)
        let layout = SequenceLayout(lengths: words.map { $0.count + own })
        let rotary = rotaryTable(length: layout.longest)
        let context = DifferentiableLayer.Context(
            layout: layout, rotary: rotary, dropoutSeed: nil)
        // A text without words has no row in the packed words.
        let before = DifferentiableLayer.Context(
            layout: SequenceLayout(lengths: words.map(\.count).filter { $0 > 0 }), rotary: rotary,
            dropoutSeed: nil)
        let silent = Tape(backend: tape.backend, precision: tape.precision, isRecording: false)
        var constant = embed(silent, words.flatMap { $0 })
        var x = rows
        for (index, layer) in layers.enumerated() {
            let past = layer.keysAndValues(
                silent, of: &constant, before, isLast: index == layers.count - 1)
            x = tape.block(x) { layer.forward(tape, $0, after: past, context) }
        }
        return tape.rmsNorm(x, weight: finalNorm.tensor, epsilon: configuration.normEpsilon)
    }
}

extension DifferentiableLayer {
    fileprivate typealias KeysAndValues = (key: Tensor, value: Tensor)

    /// The layer's keys and values of x, which becomes the layer's output unless it is the last.
    fileprivate func keysAndValues(
        _ tape: Tape, of x: inout Tensor, _ context: Context, isLast: Bool
    ) -> KeysAndValues {
        guard x.rows > 0 else {
            let none = tape.constant([], shape: [0, shape.keyValueHeads * shape.headDimension])
            return (none, none)
        }
        let heads = heads(tape, x, context, positions: context.layout.positions)
        if !isLast {
            let attended = tape.attention(
                query: heads.query, key: heads.key, value: heads.value, layout: context.layout,
                shape: shape)
            x = output(tape, residual: x, attended: attended, context)
        }
        return (heads.key, heads.value)
    }

    /// x `[S n, H]`, the last n rows of each of S sequences, after the keys and values of the rows
    /// before them -> `[S n, H]`
    fileprivate func forward(
        _ tape: Tape, _ x: Tensor, after past: KeysAndValues, _ context: Context
    ) -> Tensor {
        let layout = context.layout
        let own = x.rows / layout.sequences
        let positions = (0..<layout.sequences).flatMap {
            layout.positions[layout.range($0).suffix(own)]
        }
        let heads = heads(tape, x, context, positions: positions)
        let attended = tape.attention(
            query: heads.query, key: tape.appended(heads.key, to: past.key, layout: layout),
            value: tape.appended(heads.value, to: past.value, layout: layout), layout: layout,
            shape: shape, lastQueries: own)
        return output(tape, residual: x, attended: attended, context)
    }
}
