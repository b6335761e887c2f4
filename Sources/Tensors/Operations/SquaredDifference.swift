extension Tape {
    /// The mean squared difference of each row from a constant one:
    ///
    ///     y[r] = 1/C  sum over c of (x[r, c] - target[r, c])^2        x, target [R, C] -> [R]
    ///
    /// Backward: dx[r, c] = 2/C dy[r] (x[r, c] - target[r, c]).
    package func meanSquaredDifference(_ x: Tensor, from target: [Float]) -> Tensor {
        precondition(target.count == x.count, "\(x.shape), \(target.count) values")
        let columns = x.columns
        let differences = zip(values(x), target).map { $0 - $1 }
        let y = (0..<x.rows).map { row in
            let own = differences[row * columns..<(row + 1) * columns]
            return Float(own.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(columns))
        }
        return result(shape: [x.rows], backend.buffer(y), from: [x]) {
            [backend, slot = x.slot] dy in
            let slopes = differences.enumerated().map { place, difference in
                2 / Float(columns) * dy.floats[place / columns] * difference
            }
            slot?.add(backend.buffer(slopes), backend)
        }
    }
}
