extension Tape {
    /// Causal attention within each sequence of a packed batch.
    ///
    ///     query [T, heads * d], key and value [T, keyValueHeads * d] -> [T, heads * d]
    ///
    /// With `lastQueries` n, only the last n rows of each sequence are queries, `[sequences * n, heads *
    /// d]`, as is the result.
    ///
    /// Backward: the probabilities are recomputed; formulas in
    /// `CPUBackend+Attention.swift`. In float32 the output is not kept either: if the projection
    /// after it is trained, recomputing it is cheap compared with the layer's projections.
    package func attention(
        query: Tensor, key: Tensor, value: Tensor, layout: SequenceLayout, shape: AttentionShape,
        lastQueries: Int? = nil
    ) -> Tensor {
        let (q, k, v) = (query.value, key.value, value.value)
        let make = { [backend] in
            backend.attention(
                query: q.floats(backend), key: k.floats(backend), value: v.floats(backend),
                layout: layout, lastQueries: lastQueries, shape: shape)
        }
        let recompute = precision == .float32 ? make : nil
        return result(shape: query.shape, make(), from: [query, key, value], recompute: recompute) {
            [backend, sq = query.slot, sk = key.slot, sv = value.slot] dy in
            let gradients = backend.attentionBackward(
                dy, query: q.floats(backend), key: k.floats(backend), value: v.floats(backend),
                layout: layout, lastQueries: lastQueries, shape: shape)
            sq?.add(gradients.query, backend)
            sk?.add(gradients.key, backend)
            sv?.add(gradients.value, backend)
        }
    }
}
