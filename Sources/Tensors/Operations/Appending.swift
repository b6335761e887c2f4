extension Tape {
    /// Constant rows of each sequence, followed by as many of x for every one.
    ///
    ///     constant [T - S n, C], x [S n, C], layout of S sequences with T rows -> [T, C]
    ///
    /// Backward: dx = the last n rows of each sequence in dy.
    package func appended(_ x: Tensor, to constant: Tensor, layout: SequenceLayout) -> Tensor {
        let (columns, own) = (x.columns, x.rows / max(1, layout.sequences))
        precondition(constant.rows + x.rows == layout.rows && x.rows == own * layout.sequences)
        let y = backend.buffer(count: layout.rows * columns)
        var before = UnsafePointer(constant.value.floats(backend).floats)
        var after = UnsafePointer(x.value.floats(backend).floats)
        var last: [Int32] = []
        for sequence in 0..<layout.sequences {
            let rows = layout.range(sequence)
            let (start, end) = (rows.lowerBound * columns, rows.upperBound * columns)
            let count = end - start - own * columns
            (y.floats + start).update(from: before, count: count)
            (y.floats + start + count).update(from: after, count: own * columns)
            before += count
            after += own * columns
            last += rows.suffix(own).map(Int32.init)
        }
        return result(shape: [layout.rows, columns], y, from: [x]) { [backend, slot = x.slot] dy in
            slot?.add(backend.gather(Value(dy), rows: last, columns: columns), backend)
        }
    }
}
