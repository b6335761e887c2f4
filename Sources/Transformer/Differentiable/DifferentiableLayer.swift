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
        let (layout, positions) = (context.layout, context.layout.positions)
        func project(_ projection: Projection, _ x: Tensor) -> Tensor {
            guard let linear = projections[projection] else {
                preconditionFailure("a layer has all seven projections")
            }
            let place = UInt64(Projection.allCases.firstIndex(of: projection) ?? 0)
            return linear.forward(
                tape, x, dropoutSeed: context.dropoutSeed.map { $0 &* 8 &+ place })
        }

        let normed = tape.rmsNorm(
            x, weight: inputNorm.tensor, epsilon: epsilon, feedsProducts: true)
        var query = project(.query, normed)
        var key = project(.key, normed)
        let value = project(.value, normed)
        if let queryNorm, let keyNorm {
            query = tape.rmsNorm(query, weight: queryNorm.tensor, epsilon: epsilon)
            key = tape.rmsNorm(key, weight: keyNorm.tensor, epsilon: epsilon)
        }
        query = tape.rotary(query, positions: positions, table: context.rotary)
        key = tape.rotary(key, positions: positions, table: context.rotary)
        var attended = tape.attention(
            query: query, key: key, value: value, layout: layout, shape: shape)
        var residual = x
        if let rows {
            attended = tape.gather(attended, rows: rows)
            residual = tape.gather(residual, rows: rows)
        }
        let h = tape.add(residual, project(.attentionOutput, attended))

        let hidden = tape.rmsNorm(
            h, weight: postAttentionNorm.tensor, epsilon: epsilon, feedsProducts: true)
        let gate = project(.gate, hidden)
        let up = project(.up, hidden)
        let activated = tape.swiglu(gate: gate, up: up)
        return tape.add(h, project(.down, activated))
    }
}
