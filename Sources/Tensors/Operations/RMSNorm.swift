extension Tape {
    /// y[r, c] = x[r, c] w[c] / sqrt(mean over c of x[r, c]^2 + epsilon)
    ///
    ///     x [R, C] or [T, heads * C], w [C] -> the shape of x
    ///
    /// If x is wider than w, every C consecutive values are a row, as in the norms of queries and
    /// keys. Backward: see training_norm.c. The output is not kept, since it is x scaled.
    package func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float) -> Tensor {
        let input = x.value.floats(backend)
        let weights = weight.value.floats(backend)
        let (y, scale) = backend.rmsNorm(input, weight: weights, epsilon: epsilon)
        let again = { [backend, xs = x.value] in
            backend.rmsNormAgain(xs.floats(backend), weight: weights, scale: scale)
        }
        return result(shape: x.shape, y, from: [x, weight], recompute: again) {
            [backend, xs = x.value, slot = x.slot] dy in
            let dx = slot.map { _ in backend.buffer(count: dy.count) }
            backend.rmsNormBackward(
                dy, x: xs.floats(backend), weight: weights, scale: scale, input: dx,
                weightGradient: weight.slot?.added(backend))
            if let dx { slot?.add(dx, backend) }
        }
    }
}
