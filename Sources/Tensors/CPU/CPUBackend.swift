import CVectorKernels
import Foundation

/// The backend of the processor: C kernels split between threads, and matrix products by a BLAS.
package final class CPUBackend: Backend {
    package let parallel: Parallel
    let pool = BufferPool()
    let products: any MatrixProducts

    package init(threads: Int = ProcessInfo.processInfo.activeProcessorCount) {
        parallel = Parallel(threads: threads)
        products = OpenBLASProducts(parallel: parallel)
    }

    package var peakBytes: Int { pool.peakBytes }
    package func trim() { pool.trim() }

    package func buffer(count: Int) -> Buffer { pool.buffer(count: count, isHalf: false) }

    package func zeros(count: Int) -> Buffer {
        let made = buffer(count: count)
        let values = made.floats
        parallel.ranges(count, cost: 1) { range in
            (values + range.lowerBound).update(repeating: 0, count: range.count)
        }
        return made
    }

    package func buffer(_ values: [Float]) -> Buffer {
        let made = buffer(count: values.count)
        made.floats.update(from: values, count: values.count)
        return made
    }

    package func copy(_ source: Buffer) -> Buffer {
        let made = buffer(count: source.count)
        let (from, to) = (source.floats, made.floats)
        parallel.ranges(source.count, cost: 1) { range in
            (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
        }
        return made
    }

    package func narrowed(_ floats: Buffer) -> Buffer {
        let made = pool.buffer(count: floats.count, isHalf: true)
        let (from, to) = (floats.floats, made.halves)
        parallel.ranges(floats.count, cost: 1) { range in
            training_narrow(from + range.lowerBound, to + range.lowerBound, range.count)
        }
        return made
    }

    package func widened(_ halves: Buffer) -> Buffer {
        let made = buffer(count: halves.count)
        let (from, to) = (halves.halves, made.floats)
        parallel.ranges(halves.count, cost: 1) { range in
            training_widen(from + range.lowerBound, to + range.lowerBound, range.count)
        }
        return made
    }
}
