import VectorMath

/// float32 products by the kernels that encode (`LinearLayer`), split between threads.
///
/// With AVX-512 they reach .95 of the processor's peak and OpenBLAS .88 (on a Zen 4), and they read
/// weights that are stored in bfloat16 as they are, without a copy in float32.
extension CPUBackend {
    private static let hasFastPanels = KernelLevel.active.hasAVX512
    /// Inputs of one panel; a longer one would not stay in the second-level cache.
    private static let mostInputs = 4096
    /// Rows of a tile, and outputs of a panel.
    private static let (tile, panel) = (14, 32)

    /// c = or += a B; B is `[k, n]`, or `[n, k]` if it is transposed.
    ///
    /// - Returns: false if these kernels do not compute the product, or not fast.
    func multiplyPanels(_ a: Value, _ b: Value, _ c: Buffer, _ product: Product) -> Bool {
        let (m, n, k) = (product.m, product.n, product.k)
        guard Self.hasFastPanels, !product.aTransposed, product.factor == 1, m > 0,
            !product.bTransposed || k <= Self.mostInputs
        else { return false }
        let (left, right) = (a.floats(self).floats, b.either)
        let matrix = StoredMatrix(
            values: right.isHalf ? UnsafeRawPointer(right.halves) : UnsafeRawPointer(right.floats),
            encoding: right.isHalf ? .bfloat16 : .float32,
            outputs: product.bTransposed ? n : k, inputs: product.bTransposed ? k : n)
        let size = LinearLayer.scratchCount(inputs: min(k, Self.mostInputs))
        let scratch = buffer(count: parallel.threads * size)
        let (to, panels) = (c.floats, scratch.floats)
        // Each task packs its panels: a split of the outputs packs none twice.
        let splitsOutputs = product.bTransposed && n >= 8 * Self.panel
        let unit = splitsOutputs ? Self.panel : Self.tile
        let units = ((splitsOutputs ? n : m) + unit - 1) / unit
        let tasks = m * n * k < 1 << 18 ? 1 : min(units, parallel.threads)
        parallel.tasks(tasks) { task, worker in
            let (first, end) = (units * task / tasks * unit, units * (task + 1) / tasks * unit)
            let scratch = panels + worker * size
            if product.bTransposed {
                let rows = splitsOutputs ? 0..<m : first..<min(end, m)
                let outputs = splitsOutputs ? first..<min(end, n) : 0..<n
                _ = LinearLayer.multiply(
                    left + rows.lowerBound * k, stride: k, rows: rows.count,
                    by: matrix.rows(outputs), into: to + rows.lowerBound * n + outputs.lowerBound,
                    stride: n, accumulate: product.accumulate, scratch: scratch)
                return
            }
            let rows = first..<min(end, m)
            for start in stride(from: 0, to: k, by: Self.mostInputs) {
                LinearLayer.multiply(
                    left + rows.lowerBound * k + start, stride: k, rows: rows.count,
                    byTransposed: matrix.rows(start..<min(k, start + Self.mostInputs)),
                    into: to + rows.lowerBound * n, stride: n,
                    accumulate: product.accumulate || start > 0, scratch: scratch)
            }
        }
        return true
    }
}
