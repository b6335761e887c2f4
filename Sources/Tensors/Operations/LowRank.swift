extension Tape {
    /// The low-rank part of a linear layer (LoRA, Hu et al. 2021):
    ///
    ///     scale * (z A^T) B^T        z `[T, I]`, A `[R, I]`, B `[O, R]` -> `[T, O]`
    ///
    /// z is the layer's input, after dropout.
    package struct LowRank {
        package let z: Tensor
        package let a: Tensor
        package let b: Tensor
        package let scale: Float

        package init(_ z: Tensor, a: Tensor, b: Tensor, scale: Float) {
            (self.z, self.a, self.b, self.scale) = (z, a, b, scale)
        }

        var rank: Int { a.rows }
    }

    /// Adds the part to y.
    ///
    /// - Returns: h = scale * z A^T, `[T, R]`, for the backward pass.
    func add(_ part: LowRank, to y: Buffer) -> Value {
        let (rows, rank) = (part.z.rows, part.rank)
        let product = backend.buffer(count: rows * rank)
        backend.multiply(
            Operand(part.z.value), Operand(part.a.value, transposed: true), m: rows, n: rank,
            k: part.z.columns, factor: 1, into: product, accumulate: false, precision: precision)
        backend.scale(product, by: part.scale)
        let hidden = Value(product)
        keep(hidden)
        backend.multiply(
            Operand(hidden), Operand(part.b.value, transposed: true), m: rows, n: part.b.rows,
            k: rank, factor: 1, into: y, accumulate: true, precision: precision)
        return hidden
    }
}

extension Tape.LowRank {
    /// Adds to the gradients, with dh = scale * dy B:   dB = dy^T h,  dA = dh^T z,  dz = dh A.
    func backward(
        _ dy: Value, hidden: Value, backend: any Backend, precision: ComputePrecision
    ) {
        let (rows, inner, outer) = (z.rows, z.columns, b.rows)
        b.slot?.update(backend) { db, accumulate in
            backend.multiply(
                Operand(dy, transposed: true), Operand(hidden), m: outer, n: rank, k: rows,
                factor: 1, into: db, accumulate: accumulate, precision: precision)
        }
        guard a.needsGradient || z.needsGradient else { return }
        let product = backend.buffer(count: rows * rank)
        backend.multiply(
            Operand(dy), Operand(b.value), m: rows, n: rank, k: outer, factor: 1, into: product,
            accumulate: false, precision: precision)
        backend.scale(product, by: scale)
        let dh = Value(product)
        a.slot?.update(backend) { da, accumulate in
            backend.multiply(
                Operand(dh, transposed: true), Operand(z.value), m: rank, n: inner, k: rows,
                factor: 1, into: da, accumulate: accumulate, precision: precision)
        }
        z.slot?.update(backend) { dz, accumulate in
            backend.multiply(
                Operand(dh), Operand(a.value), m: rows, n: inner, k: rank, factor: 1, into: dz,
                accumulate: accumulate, precision: precision)
        }
    }
}
