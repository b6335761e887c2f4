extension Tape {
    /// y[r, c] = x[r, c] w[c] / sqrt(mean over c of x[r, c]^2 + epsilon)
    ///
    ///     x [R, C] or [T, heads * C], w [C] -> the shape of x
    ///
    /// If x is wider than w, every C consecutive values are a row, as in the norms of queries and
    /// keys. Backward: see training_norm.c. The output is not kept, since it is x scaled.
    ///
    /// - Parameter feedsProducts: whether only products read the output, which then has their
    ///   precision.
    package func rmsNorm(
        _ x: Tensor, weight: Tensor, epsilon: Float, feedsProducts: Bool = false
    ) -> Tensor {
        let precision = feedsProducts ? self.precision.ofProducts(columns: x.columns) : .float32
        let input = x.value.floats(backend)
        let weights = weight.value.floats(backend)
        let (y, scale) = backend.rmsNorm(
            input, weight: weights, epsilon: epsilon, precision: precision)
        let again = { [backend, xs = x.value] in
            backend.rmsNormAgain(
                xs.floats(backend), weight: weights, scale: scale, precision: precision)
        }
        return result(shape: x.shape, y, from: [x, weight], recompute: again) {
            [backend, xs = x.value, slot = x.slot] dy in
            let run = { (dx: Buffer?, accumulate: Bool) in
                backend.rmsNormBackward(
                    dy, x: xs.floats(backend), weight: weights, scale: scale, input: dx,
                    accumulate: accumulate, weightGradient: weight.slot?.added(backend))
            }
            if let slot { slot.update(backend, run) } else { run(nil, false) }
        }
    }
}
