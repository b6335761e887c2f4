extension Tape {
    /// Inner products of all rows of a and b, as a vector: y[i * S + j] = a[i] . b[j]
    ///
    ///     a [R, C], b [S, C] -> [R * S]
    ///
    /// Backward: with dY as `[R, S]`,  da = dY b,  db = dY^T a. Always in float32.
    package func innerProducts(_ a: Tensor, _ b: Tensor) -> Tensor {
        let (rows, others, width) = (a.rows, b.rows, a.columns)
        let y = backend.buffer(count: rows * others)
        backend.multiply(
            Operand(a.value), Operand(b.value, transposed: true), m: rows, n: others, k: width,
            factor: 1, into: y, accumulate: false, precision: .float32)
        return result(shape: [rows * others], y, from: [a, b]) {
            [backend, va = a.value, vb = b.value, sa = a.slot, sb = b.slot] dy in
            let gradient = Value(dy)
            sa?.update(backend) { da, accumulate in
                backend.multiply(
                    Operand(gradient), Operand(vb), m: rows, n: width, k: others, factor: 1,
                    into: da, accumulate: accumulate, precision: .float32)
            }
            sb?.update(backend) { db, accumulate in
                backend.multiply(
                    Operand(gradient, transposed: true), Operand(va), m: others, n: width, k: rows,
                    factor: 1, into: db, accumulate: accumulate, precision: .float32)
            }
        }
    }
}
