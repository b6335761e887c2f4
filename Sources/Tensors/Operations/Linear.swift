extension Tape {
    /// y = x W^T + b        x `[T, I]`, W `[O, I]`, b `[O]` -> `[T, O]`
    ///
    /// Backward: dx = dy W,  dW = dy^T x,  db = sum over rows of dy.
    ///
    /// - Parameters:
    ///   - lowRank: is added to y.
    ///   - precision: of the products, instead of the tape's.
    package func linear(
        _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, lowRank: LowRank? = nil,
        precision: ComputePrecision? = nil
    ) -> Tensor {
        let precision = precision ?? self.precision
        let (rows, inner, outer) = (x.rows, x.columns, weight.rows)
        precondition(weight.columns == inner, "weight \(weight.shape) on rows of \(inner)")
        let y = backend.buffer(count: rows * outer)
        backend.multiply(
            Operand(x.value), Operand(weight.value, transposed: true), m: rows, n: outer, k: inner,
            factor: 1, into: y, accumulate: false, precision: precision)
        if let bias { backend.addBias(bias.value.floats(backend), to: y) }
        let hidden = lowRank.map { add($0, to: y) }
        let inputs =
            [x, weight] + (bias.map { [$0] } ?? []) + (lowRank.map { [$0.z, $0.a, $0.b] } ?? [])
        return result(shape: [rows, outer], y, from: inputs) {
            [backend, precision, xs = weight.slot == nil ? nil : x.value, slot = x.slot] dy in
            let gradient = Value(dy)
            slot?.update(backend) { dx, accumulate in
                backend.multiply(
                    Operand(gradient), Operand(weight.value), m: rows, n: inner, k: outer,
                    factor: 1, into: dx, accumulate: accumulate, precision: precision)
            }
            if let xs {
                weight.slot?.update(backend) { dw, accumulate in
                    backend.multiply(
                        Operand(gradient, transposed: true), Operand(xs), m: outer, n: inner,
                        k: rows, factor: 1, into: dw, accumulate: accumulate, precision: precision)
                }
            }
            if let slot = bias?.slot {
                backend.sumRows(dy, columns: outer, to: slot.added(backend))
            }
            if let lowRank, let hidden {
                lowRank.backward(gradient, hidden: hidden, backend: backend, precision: precision)
            }
        }
    }
}
