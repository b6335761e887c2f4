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
        return result(shape: query.shape, output, from: [query, key, value]) {
            [backend, sq = query.slot, sk = key.slot, sv = value.slot] dy in
            let gradients = backend.attentionBackward(
                dy, query: q, key: k, value: v, output: output, logSum: logSum, layout: layout,
                shape: shape)
            sq?.add(gradients.query, backend)
            sk?.add(gradients.key, backend)
            sv?.add(gradients.value, backend)
        }
    }
}
