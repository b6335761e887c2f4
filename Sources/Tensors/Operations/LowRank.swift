extension Tape {
    /// LoRA (Hu et al. 2021): y + scale * (dropout(x) A^T) B^T
    ///
    ///     y = x W^T [T, O];  x [T, I], A [R, I], B [O, R] -> [T, O]
    ///
    /// Backward: with h = x A^T,  y's gradient is dy;  dB = scale dy^T h,  dh = scale dy B,
    /// dA = dh^T x,  dx = dh A.
    package func lowRank(
        _ y: Tensor, _ x: Tensor, a: Tensor, b: Tensor, scale: Float, dropout: Dropout? = nil
    ) -> Tensor {
        let dropped = dropout.map { self.dropout(x, $0) } ?? x
        let hidden = linear(dropped, a)
        return add(y, linear(hidden, b), times: scale)
    }
}
