import CVectorKernels
import VectorMath

/// Estimates the distances of a node's neighbors from `NeighborCodes`. For use by one thread.
///
/// The query is rotated and rounded to five bits, -15 to 15, whose error is a thirtieth of that of the
/// neighbors' one-bit codes.
final class NeighborEstimates {
    private let rotated: AlignedArray<Float>
    private let codes: AlignedArray<UInt8>
    private let tables: AlignedArray<UInt8>
    private let signs: AlignedArray<Float>
    private let kernels = VectorKernels.active.table
    /// S(Pq) = base + step x sum.
    private var base: Float = 0
    private var step: Float = 0
    /// The last group's estimates.
    let values = AlignedArray<Float>(repeating: 0, count: NeighborCodes.lanes)

    static let largestCode: Float = 15

    init(_ layout: NeighborCodes.Layout) {
        let padded = layout.paddedDimensions
        rotated = AlignedArray(repeating: 0, count: padded)
        codes = AlignedArray(repeating: 0, count: padded)
        tables = AlignedArray(repeating: 0, count: 4 * padded)
        signs = NeighborCodes.rotationSigns(padded)
    }

    func load(_ query: QueryVector) {
        let padded = rotated.count
        rotated.pointer.update(from: query.floats.pointer, count: query.dimensions)
        (rotated.pointer + query.dimensions).update(repeating: 0, count: padded - query.dimensions)
        let kernels = kernels.pointee
        kernels.rotate(rotated.pointer, padded, signs.pointer)
        let unit = kernels.max_magnitude(rotated.pointer, padded) / Self.largestCode
        // Of a query that is zero, or nearly, all components count as zero.
        kernels.quantize_i8(
            rotated.pointer, unit >= .leastNormalMagnitude ? 1 / unit : 0, padded, codes.pointer)
        var total: Int32 = 0
        let least = vk_neighbor_tables(codes.pointer, padded, tables.pointer, &total)
        step = 2 * unit
        base = unit * Float(2 * least - total)
    }

    /// Writes the estimates of a record's group to `values`, the node's own distance given. Returns a
    /// bit for each that is below `bound` and of a node, below `count`, that has not been visited.
    @inline(__always)
    func estimate(
        _ group: UnsafeRawPointer, distance: Float, below bound: Float, count: Int,
        visited: VisitedSet.Reader
    ) -> UInt32 {
        var walk = vk_neighbor_walk(
            tables: tables.pointer, n: rotated.count, base: base, step: step,
            visited: visited.words, count: UInt32(truncatingIfNeeded: count))
        return kernels.pointee.neighbor_estimates(
            &walk, group.assumingMemoryBound(to: UInt8.self), distance, bound, values.pointer)
    }
}
