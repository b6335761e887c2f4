extension Tape {
    /// Rotates each head's pairs (i, i + d/2) by position * frequency_i (Su et al. 2021).
    ///
    ///     x [T, heads * d], positions [T] -> [T, heads * d]
    ///
    /// Backward: dy rotated back, as the transpose of a rotation is its inverse.
    package func rotary(_ x: Tensor, positions: [Int32], table: RotaryTable) -> Tensor {
        let heads = x.columns / (2 * table.halfDimension)
        let y = backend.rotate(
            x.value.floats(backend), positions: positions, table: table, heads: heads, direction: 1)
        return result(shape: x.shape, y, from: [x]) { [backend, slot = x.slot] dy in
            slot?.add(
                backend.rotate(
                    dy, positions: positions, table: table, heads: heads, direction: -1), backend)
        }
    }
}
