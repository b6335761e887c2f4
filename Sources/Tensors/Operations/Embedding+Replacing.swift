extension Tape {
    /// Rows of `table`, except that some ids have their own trained rows.
    ///
    ///     ids [T], table [V, C] frozen, rows [K, C], rowIDs [K] -> [T, C]
    ///
    /// Backward: drows[k] += dy[t] for every t with ids[t] = rowIDs[k].
    package func embedding(
        _ ids: [Int32], _ table: Tensor, replacing rowIDs: [Int32], with rows: Tensor
    ) -> Tensor {
        let columns = rows.columns
        let place = Dictionary(
            rowIDs.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
        // Rows that the table may not have are read from its first row and then overwritten.
        let y = backend.gather(
            table.value, rows: ids.map { place[$0] == nil ? $0 : 0 }, columns: columns)
        let replaced = ids.indices.filter { place[ids[$0]] != nil }
        let sources = replaced.map { place[ids[$0]] ?? 0 }
        let values = rows.value.floats(backend).floats
        for (target, source) in zip(replaced, sources) {
            (y.floats + target * columns).update(
                from: values + Int(source) * columns, count: columns)
        }
        return result(shape: [ids.count, columns], y, from: [rows]) { [backend] dy in
            guard let slot = rows.slot else { return }
            let own = backend.gather(
                Value(dy), rows: replaced.map(Int32.init), columns: columns)
            backend.scatter(own, rows: sources, columns: columns, to: slot.added(backend))
        }
    }
}
