import COneDNN

/// Matrix products, split between threads.
///
/// float32 products use the kernels of `CPUBackend+Panels.swift` or the BLAS. bfloat16 products use oneDNN, each thread with its own slice; if
/// the library is missing or the processor does not support it, the product is float32, which is
/// slower and not rounded.
extension CPUBackend {
    package func multiply(
        _ a: Operand, _ b: Operand, m: Int, n: Int, k: Int, factor: Float, into c: Buffer,
        accumulate: Bool, precision: ComputePrecision
    ) {
        let product = Product(
            m: m, n: n, k: k, aTransposed: a.transposed, bTransposed: b.transposed,
            aStride: a.transposed ? m : k, bStride: b.transposed ? k : n, cStride: n,
            factor: factor, accumulate: accumulate)
        if multiplyEightBits(a.value, b.value, c, product) { return }
        if precision == .bfloat16, factor == 1, min(m, n, k) >= ComputePrecision.leastSide,
            onednn_available(),
            multiplyHalves(a.value.halves(self), b.value.halves(self), c, product)
        {
            return
        }
        if multiplyPanels(a.value, b.value, c, product) { return }
        products.multiply(
            a.value.floats(self).floats, b.value.floats(self).floats, c.floats, product,
            parallel: parallel)
    }

    /// Whether inputs of products of this precision are bfloat16.
    func rounds(_ precision: ComputePrecision) -> Bool {
        precision == .bfloat16 && onednn_available()
    }

    private func multiplyHalves(_ a: Buffer, _ b: Buffer, _ c: Buffer, _ product: Product) -> Bool {
        let (left, right, target) = (a.halves, b.halves, c.floats)
        let splitsRows = product.m >= product.n
        let isSmall = product.m * product.n * product.k < 1 << 18
        let parts = isSmall ? 1 : parallel.threads
        var done = [Bool](repeating: true, count: parts)
        done.withUnsafeMutableBufferPointer { done in
            let results = done.baseAddress
            parallel.tasks(parts) { task, _ in
                let length = splitsRows ? product.m : product.n
                let slice = OpenBLASProducts.slice(task, of: parts, length)
                guard !slice.isEmpty else { return }
                let (rows, columns) =
                    splitsRows ? (slice, 0..<product.n) : (0..<product.m, slice)
                let (aRow, aColumn) =
                    product.aTransposed ? (1, product.aStride) : (product.aStride, 1)
                let (bRow, bColumn) =
                    product.bTransposed ? (1, product.bStride) : (product.bStride, 1)
                results?[task] = onednn_multiply(
                    onednn_matrix(
                        values: left + rows.lowerBound * aRow, row_stride: Int64(aRow),
                        column_stride: Int64(aColumn)),
                    onednn_matrix(
                        values: right + columns.lowerBound * bColumn, row_stride: Int64(bRow),
                        column_stride: Int64(bColumn)),
                    target + rows.lowerBound * product.cStride + columns.lowerBound,
                    Int64(product.cStride), Int64(rows.count), Int64(columns.count),
                    Int64(product.k), product.accumulate)
            }
        }
        // It rejects all slices or none, as they differ only by a few rows.
        return done.allSatisfy { $0 }
    }
}
