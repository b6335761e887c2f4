extension CPUBackend {
    package func multiply(
        _ a: Operand, _ b: Operand, m: Int, n: Int, k: Int, factor: Float, into c: Buffer,
        accumulate: Bool, precision: ProductPrecision
    ) {
        let product = Product(
            m: m, n: n, k: k, aTransposed: a.transposed, bTransposed: b.transposed,
            aStride: a.transposed ? m : k, bStride: b.transposed ? k : n, cStride: n,
            factor: factor, accumulate: accumulate)
        products.multiply(
            a.value.floats(self).floats, b.value.floats(self).floats, c.floats, product,
            parallel: parallel)
    }
}
