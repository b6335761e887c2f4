extension Tape {
    /// Sum or mean of the rows of each segment.        x `[R, C]` -> `[segments, C]`
    ///
    /// Segment s is the rows offsets[s] ..< offsets[s + 1]. Backward: every row of a segment gets
    /// its dy, divided by the segment's length for the mean.
    package func segments(_ x: Tensor, offsets: [Int], mean: Bool) -> Tensor {
        let columns = x.columns
        let segments = offsets.count - 1
        let input = x.value.floats(backend).floats
        let y = backend.zeros(count: segments * columns)
        for segment in 0..<segments {
            let rows = offsets[segment]..<offsets[segment + 1]
            let factor = mean ? 1 / Double(max(1, rows.count)) : 1
            // In double precision: alignment takes small differences between large sums.
            for column in 0..<columns {
                let sum = rows.reduce(0.0) { $0 + Double(input[$1 * columns + column]) }
                y.floats[segment * columns + column] = Float(sum * factor)
            }
        }
        let shape = x.shape.count == 1 ? [segments] : [segments, columns]
        return result(shape: shape, y, from: [x]) { [backend, slot = x.slot] dy in
            guard let slot else { return }
            let dx = slot.added(backend)
            for segment in 0..<segments {
                let rows = offsets[segment]..<offsets[segment + 1]
                let factor = mean ? 1 / Float(max(1, rows.count)) : 1
                let from = dy.floats + segment * columns
                for row in rows {
                    let to = dx.floats + row * columns
                    for column in 0..<columns { to[column] += from[column] * factor }
                }
            }
        }
    }

    /// y[p] = sum of segment a - sum of segment b - constant, for each pair p = (a, b).
    ///
    ///     x a vector, segment s its values offsets[s] ..< offsets[s + 1] -> [pairs.count]
    ///
    /// Computed in double precision: the difference of two log-probabilities of some hundreds is
    /// often a thousandth of them. Backward: dx = dy in segment a, -dy in segment b.
    package func segmentDifferences(
        _ x: Tensor, offsets: [Int], pairs: [(a: Int, b: Int)], constants: [Double]
    ) -> Tensor {
        let input = values(x)
        let sums = (0..<offsets.count - 1).map { segment in
            input[offsets[segment]..<offsets[segment + 1]].reduce(0.0) { $0 + Double($1) }
        }
        let differences = zip(pairs, constants).map { pair, constant in
            Float(sums[pair.a] - sums[pair.b] - constant)
        }
        return result(shape: [pairs.count], backend.buffer(differences), from: [x]) {
            [backend, slot = x.slot] dy in
            var slopes = [Float](repeating: 0, count: offsets.count - 1)
            for (place, pair) in pairs.enumerated() {
                slopes[pair.a] += dy.floats[place]
                slopes[pair.b] -= dy.floats[place]
            }
            guard let slot else { return }
            let dx = slot.added(backend).floats
            for (segment, slope) in slopes.enumerated() {
                for index in offsets[segment]..<offsets[segment + 1] { dx[index] += slope }
            }
        }
    }

    /// Each row divided by its L2 norm.        x `[R, C]` -> `[R, C]`
    ///
    /// Backward: with y = x / |x|,  dx = (dy - y (y . dy)) / |x|. Rows shorter than 1e-12 are
    /// divided by that, as PyTorch's `normalize` does.
    package func normalized(_ x: Tensor) -> Tensor {
        let (rows, columns) = (x.rows, x.columns)
        let input = x.value.floats(backend).floats
        let y = backend.buffer(count: x.count)
        var lengths: [Float] = []
        for row in 0..<rows {
            var sum = 0.0
            for column in 0..<columns {
                let value = Double(input[row * columns + column])
                sum += value * value
            }
            let length = max(Float(sum.squareRoot()), 1e-12)
            lengths.append(length)
            for column in 0..<columns {
                y.floats[row * columns + column] = input[row * columns + column] / length
            }
        }
        return result(shape: x.shape, y, from: [x]) { [backend, lengths, slot = x.slot] dy in
            guard let slot else { return }
            let dx = backend.buffer(count: dy.count)
            for row in 0..<rows {
                let start = row * columns
                var dot: Float = 0
                for column in start..<start + columns {
                    dot += y.floats[column] * dy.floats[column]
                }
                for column in start..<start + columns {
                    dx.floats[column] =
                        (dy.floats[column] - y.floats[column] * dot) / lengths[row]
                }
            }
            slot.add(dx, backend)
        }
    }
}
