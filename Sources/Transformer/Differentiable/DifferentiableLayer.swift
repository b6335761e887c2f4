import Tensors

/// One block of a decoder-only language model.
///
///     h = x + o(attention(rope(q(n)), rope(k(n)), v(n))),   n = norm(x)
///     y = h + down(silu(gate(m)) * up(m)),                  m = norm(h)
///
/// Qwen3 normalizes each query and key head before the rotation.
package struct DifferentiableLayer {
    package let inputNorm: Parameter
    package let postAttentionNorm: Parameter
    package let queryNorm: Parameter?
    package let keyNorm: Parameter?
    package var projections: [Projection: DifferentiableLinear]
    package let shape: AttentionShape
    package let epsilon: Float

    /// The context of a forward pass of one packed batch.
    package struct Context {
        package let layout: SequenceLayout
        package let rotary: RotaryTable
        /// Nil means no dropout.
        package let dropoutSeed: UInt64?

        package init(layout: SequenceLayout, rotary: RotaryTable, dropoutSeed: UInt64?) {
            self.layout = layout
            self.rotary = rotary
            self.dropoutSeed = dropoutSeed
        }
    }

    /// x `[T, H]` -> `[T, H]`, or only the given rows `[rows, H]`: after the last layer's
    /// attention, rows that are not needed are not computed.
    package func forward(
        _ tape: Tape, _ x: Tensor, _ context: Context, rows: [Int32]? = nil
    ) -> Tensor {
        let heads = heads(tape, x, context, positions: context.layout.positions)
        var attended = tape.attention(
            query: heads.query, key: heads.key, value: heads.value, layout: context.layout,
            shape: shape)
        var residual = x
        if let rows {
            attended = tape.gather(attended, rows: rows)
            residual = tape.gather(residual, rows: rows)
        }
        return output(tape, residual: residual, attended: attended, context)
    }

    /// Queries `[T, heads * d]`, keys and values `[T, keyValueHeads * d]` of x `[T, H]`, rotated to
    /// the rows' positions.
    func heads(
        _ tape: Tape, _ x: Tensor, _ context: Context, positions: [Int32]
    ) -> (query: Tensor, key: Tensor, value: Tensor) {
        let normed = tape.rmsNorm(
            x, weight: inputNorm.tensor, epsilon: epsilon, feedsProducts: true)
        var query = project(.query, tape, normed, context)
        var key = project(.key, tape, normed, context)
        let value = project(.value, tape, normed, context)
        if let queryNorm, let keyNorm {
            query = tape.rmsNorm(query, weight: queryNorm.tensor, epsilon: epsilon)
            key = tape.rmsNorm(key, weight: keyNorm.tensor, epsilon: epsilon)
        }
        query = tape.rotary(query, positions: positions, table: context.rotary)
        key = tape.rotary(key, positions: positions, table: context.rotary)
        return (query, key, value)
    }

    /// What follows attention: residual `[T, H]`, attended `[T, heads * d]` -> `[T, H]`
    func output(
        _ tape: Tape, residual: Tensor, attended: Tensor, _ context: Context
    ) -> Tensor {
        let h = tape.add(residual, project(.attentionOutput, tape, attended, context))
        let hidden = tape.rmsNorm(
            h, weight: postAttentionNorm.tensor, epsilon: epsilon, feedsProducts: true)
        let gate = project(.gate, tape, hidden, context)
        let up = project(.up, tape, hidden, context)
        let activated = tape.swiglu(gate: gate, up: up)
        return tape.add(h, project(.down, tape, activated, context))
    }

    private func project(
        _ projection: Projection, _ tape: Tape, _ x: Tensor, _ context: Context
    ) -> Tensor {
        guard let linear = projections[projection] else {
            preconditionFailure("a layer has all seven projections")
        }
        let place = UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)
        return linear.forward(tape, x, dropoutSeed: context.dropoutSeed.map { $0 &* 8 &+ place })
    }
}
