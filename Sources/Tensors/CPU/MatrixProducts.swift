import COpenBLAS

/// A product of row-major matrices that may be parts of larger ones: c = factor * a b, plus c if
/// `accumulate`; a `[m, k]`, b `[k, n]`, c `[m, n]`, before transposition.
///
/// `aStride`, `bStride` and `cStride` are the distances between stored rows.
package struct Product {
    package var m: Int
    package var n: Int
    package var k: Int
    package var aTransposed = false
    package var bTransposed = false
    package var aStride: Int
    package var bStride: Int
    package var cStride: Int
    package var factor: Float = 1
    package var accumulate = false

    package init(
        m: Int, n: Int, k: Int, aTransposed: Bool = false, bTransposed: Bool = false, aStride: Int,
        bStride: Int, cStride: Int, factor: Float = 1, accumulate: Bool = false
    ) {
        (self.m, self.n, self.k) = (m, n, k)
        (self.aTransposed, self.bTransposed) = (aTransposed, bTransposed)
        (self.aStride, self.bStride, self.cStride) = (aStride, bStride, cStride)
        (self.factor, self.accumulate) = (factor, accumulate)
    }
}

/// A library that multiplies matrices.
package protocol MatrixProducts: Sendable {
    /// Computes a product on the calling thread.
    func multiplyHere(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
        _ product: Product)
}

extension MatrixProducts {
    /// Computes a product split between threads along the longer side of c, never along k, so that
    /// every element is summed in one order.
    package func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
        _ product: Product, parallel: Parallel
    ) {
        let work = product.m * product.n * product.k
        guard parallel.threads > 1, work > 1 << 18 else {
            return multiplyHere(a, b, c, product)
        }
        parallel.tasks(parallel.threads) { task, _ in
            var part = product
            if product.m >= product.n {
                let rows = Self.slice(task, of: parallel.threads, product.m)
                guard !rows.isEmpty else { return }
                part.m = rows.count
                let step = product.aTransposed ? 1 : product.aStride
                multiplyHere(
                    a + rows.lowerBound * step, b, c + rows.lowerBound * product.cStride, part)
            } else {
                let columns = Self.slice(task, of: parallel.threads, product.n)
                guard !columns.isEmpty else { return }
                part.n = columns.count
                let step = product.bTransposed ? product.bStride : 1
                multiplyHere(a, b + columns.lowerBound * step, c + columns.lowerBound, part)
            }
        }
    }

    /// Part `index` of `count` of 0 ..< length, cut at multiples of 16 for the kernels.
    static func slice(_ index: Int, of count: Int, _ length: Int) -> Range<Int> {
        let units = (length + 15) / 16
        let from = min(length, units * index / count * 16)
        let to = index == count - 1 ? length : min(length, units * (index + 1) / count * 16)
        return from..<to
    }
}

/// OpenBLAS's sgemm, one product on each thread.
struct OpenBLASProducts: MatrixProducts {
    init(parallel: Parallel) {}

    func multiplyHere(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
        _ product: Product
    ) {
        openblas_multiply(
            product.aTransposed, product.bTransposed, Int32(product.m), Int32(product.n),
            Int32(product.k), product.factor, a, Int32(product.aStride), b,
            Int32(product.bStride), product.accumulate ? 1 : 0, c, Int32(product.cStride))
    }
}
