extension Tape {
    /// Causal attention within each sequence of a packed batch.
    ///
    ///     query [T, heads * d], key and value [T, keyValueHeads * d] -> [T, heads * d]
    ///
    /// Backward: the probabilities are recomputed from the rows' log-sum-exp; formulas in
    /// `CPUBackend+Attention.swift`. The output is not kept either: recomputing it is cheap
    /// compared with the layer's projections.
    package func attention(
        query: Tensor, key: Tensor, value: Tensor, layout: SequenceLayout, shape: AttentionShape
    ) -> Tensor {
        let (q, k, v) = (query.value, key.value, value.value)
        let make = { [backend] in
            backend.attention(
                query: q.floats(backend), key: k.floats(backend), value: v.floats(backend),
                layout: layout, shape: shape)
        }
        let (output, logSum) = make()
        let kept = Value(output, recompute: { make().output })
        return result(shape: query.shape, kept, from: [query, key, value]) {
            [backend, sq = query.slot, sk = key.slot, sv = value.slot] dy in
            let gradients = backend.attentionBackward(
                dy, query: q.floats(backend), key: k.floats(backend), value: v.floats(backend),
                output: kept.floats(backend), logSum: logSum, layout: layout, shape: shape)
            sq?.add(gradients.query, backend)
            sk?.add(gradients.key, backend)
            sv?.add(gradients.value, backend)
        }
    }
}
