import Tensors

/// One of a layer's seven projections, optionally with a LoRA adapter.
package struct DifferentiableLinear {
    /// Low-rank update of a frozen weight: W + (alpha / rank) B A.
    package struct Adapter {
        /// `[rank, inputs]`
        package let a: Parameter
        /// `[outputs, rank]`
        package let b: Parameter
        package let scale: Float
        /// The dropout rate on the adapter's inputs in training.
        package let dropout: Float

        package init(a: Parameter, b: Parameter, scale: Float, dropout: Float) {
            self.a = a
            self.b = b
            self.scale = scale
            self.dropout = dropout
        }
    }

    package let weight: Parameter
    package let bias: Parameter?
    package var adapter: Adapter?

    package init(weight: Parameter, bias: Parameter?, adapter: Adapter? = nil) {
        self.weight = weight
        self.bias = bias
        self.adapter = adapter
    }

    /// x `[T, I]` -> `[T, O]`. If `dropoutSeed` is nil, there is no dropout, as when computing
    /// scores.
    package func forward(_ tape: Tape, _ x: Tensor, dropoutSeed: UInt64?) -> Tensor {
        guard let adapter else { return tape.linear(x, weight.tensor, bias: bias?.tensor) }
        var input = x
        if let dropoutSeed, adapter.dropout > 0 {
            input = tape.dropout(x, Dropout(rate: adapter.dropout, seed: dropoutSeed))
        }
        return tape.linear(
            x, weight.tensor, bias: bias?.tensor,
            lowRank: Tape.LowRank(
                input, a: adapter.a.tensor, b: adapter.b.tensor, scale: adapter.scale))
    }
}
