import CVectorKernels

extension CPUBackend {
    package func add(_ x: Buffer, times factor: Float, to y: Buffer) {
        let (from, to) = (x.floats, y.floats)
        parallel.ranges(x.count, cost: 1) { range in
            training_add(to + range.lowerBound, from + range.lowerBound, factor, range.count)
        }
    }

    package func sum(_ a: Buffer, _ b: Buffer) -> Buffer {
        let made = buffer(count: a.count)
        let (first, second, to) = (a.floats, b.floats, made.floats)
        parallel.ranges(a.count, cost: 1) { range in
            let start = range.lowerBound
            training_sum(first + start, second + start, to + start, range.count)
        }
        return made
    }

    package func scale(_ x: Buffer, by factor: Float) {
        let values = x.floats
        parallel.ranges(x.count, cost: 1) { range in
            training_scale(values + range.lowerBound, factor, range.count)
        }
    }

    package func scaledRows(_ x: Buffer, by factors: Buffer) -> Buffer {
        let made = buffer(count: x.count)
        let columns = x.count / max(1, factors.count)
        let (from, by, to) = (x.floats, factors.floats, made.floats)
        parallel.ranges(factors.count, cost: columns) { range in
            let start = range.lowerBound * columns
            training_scale_rows(
                from + start, by + range.lowerBound, to + start, range.count, columns)
        }
        return made
    }

    package func gather(_ x: Value, rows: [Int32], columns: Int) -> Buffer {
        let made = buffer(count: rows.count * columns)
        let to = made.floats
        let stored = x.either
        rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            parallel.ranges(made.count / max(1, columns), cost: columns) { range in
                let start = to + range.lowerBound * columns
                if stored.isHalf {
                    for (place, row) in range.enumerated() {
                        training_widen(
                            stored.halves + Int(rows[row]) * columns, start + place * columns,
                            columns)
                    }
                } else {
                    training_gather_rows(
                        stored.floats, rows + range.lowerBound, start, range.count, columns)
                }
            }
        }
        return made
    }

    package func scatter(_ gradient: Buffer, rows: [Int32], columns: Int, to target: Buffer) {
        let (from, to) = (gradient.floats, target.floats)
        rows.withUnsafeBufferPointer { indices in
            guard let base = indices.baseAddress else { return }
            parallel.ranges(columns, cost: rows.count) { range in
                training_scatter_rows(
                    from, base, to, rows.count, columns, range.lowerBound, range.upperBound)
            }
        }
    }

    package func addBias(_ bias: Buffer, to y: Buffer) {
        let (columns, added, to) = (bias.count, bias.floats, y.floats)
        parallel.ranges(y.count / columns, cost: columns) { range in
            training_add_bias(to + range.lowerBound * columns, added, range.count, columns)
        }
    }

    package func sumRows(_ x: Buffer, columns: Int, to sums: Buffer) {
        training_sum_rows(x.floats, sums.floats, x.count / columns, columns)
    }

    package func dropout(_ x: Buffer, seed: UInt64, rate: Float) -> Buffer {
        let made = buffer(count: x.count)
        let (from, to) = (x.floats, made.floats)
        parallel.ranges(x.count, cost: 4) { range in
            let start = range.lowerBound
            training_dropout(from + start, to + start, start, range.count, seed, rate)
        }
        return made
    }
}
