extension Tape {
    /// Causal attention within each sequence of a packed batch.
    ///
    ///     query (T x heads * d), key and value (T x keyValueHeads * d) -> T x heads * d
    ///
    /// Backward: the probabilities are computed again from the rows' log-sum-exp; formulas in
    /// `CPUBackend+Attention.swift`.
    package func attention(
        query: Tensor, key: Tensor, value: Tensor, layout: SequenceLayout, shape: AttentionShape
    ) -> Tensor {
        let (q, k, v) = (
            query.value.floats(backend), key.value.floats(backend), value.value.floats(backend)
        )
        let (output, logSum) = backend.attention(
            query: q, key: k, value: v, layout: layout, shape: shape)
        let kept = Value(output)
        return result(shape: query.shape, kept, from: [query, key, value]) {
            [
                backend, vq = query.value, vk = key.value, vv = value.value, sq = query.slot,
                sk = key.slot, sv = value.slot
            ] dy in
            let gradients = backend.attentionBackward(
                dy, query: vq.floats(backend), key: vk.floats(backend), value: vv.floats(backend),
                output: kept.floats(backend), logSum: logSum, layout: layout, shape: shape)
            sq?.add(gradients.query, backend)
            sk?.add(gradients.key, backend)
            sv?.add(gradients.value, backend)
        }
    }
}
