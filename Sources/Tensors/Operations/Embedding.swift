extension Tape {
    /// y[t] = table[ids[t]]        ids `[T]`, table `[V, C]` -> `[T, C]`
    ///
    /// Backward: dtable[ids[t]] += dy[t].
    package func embedding(_ ids: [Int32], _ table: Tensor) -> Tensor {
        let columns = table.columns
        let y = backend.gather(table.value, rows: ids, columns: columns)
        return result(shape: [ids.count, columns], y, from: [table]) { [backend] dy in
            guard let slot = table.slot else { return }
            backend.scatter(dy, rows: ids, columns: columns, to: slot.added(backend))
        }
    }

    /// y[r] = x[rows[r]]        x `[T, C]` -> `[rows.count, C]`; rows may repeat
    ///
    /// Backward: dx[rows[r]] += dy[r].
    package func gather(_ x: Tensor, rows: [Int32]) -> Tensor {
        let columns = x.columns
        let y = backend.gather(x.value, rows: rows, columns: columns)
        return result(shape: [rows.count, columns], y, from: [x]) { [backend] dy in
            guard let slot = x.slot else { return }
            backend.scatter(dy, rows: rows, columns: columns, to: slot.added(backend))
        }
    }

    /// The rows of a followed by those of b.        a `[R, C]`, b `[S, C]` -> `[R + S, C]`
    ///
    /// Backward: da and db are the corresponding rows of dy.
    package func stacked(_ a: Tensor, _ b: Tensor) -> Tensor {
        let columns = a.columns
        let y = backend.buffer(count: a.count + b.count)
        y.floats.update(from: a.value.floats(backend).floats, count: a.count)
        (y.floats + a.count).update(from: b.value.floats(backend).floats, count: b.count)
        return result(shape: [a.rows + b.rows, columns], y, from: [a, b]) { [backend] dy in
            for (tensor, start) in [(a, 0), (b, a.count)] {
                guard let slot = tensor.slot else { continue }
                let own = backend.buffer(count: tensor.count)
                own.floats.update(from: dy.floats + start, count: tensor.count)
                slot.add(own, backend)
            }
        }
    }
}
