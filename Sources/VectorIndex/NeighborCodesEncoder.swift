import VectorMath

/// Makes the records of `NeighborCodes`. For use by one thread.
final class NeighborCodesEncoder {
    private let layout: NeighborCodes.Layout
    private let metric: Metric
    private let signs: AlignedArray<Float>
    private let center: AlignedArray<Float>
    private let rotatedCenter: AlignedArray<Float>
    private let residual: AlignedArray<Float>
    private let kernels = VectorKernels.active.table

    init(_ parameters: IndexParameters) {
        layout = NeighborCodes.Layout(parameters)
        metric = parameters.metric
        let padded = layout.paddedDimensions
        signs = NeighborCodes.rotationSigns(padded)
        center = AlignedArray(repeating: 0, count: padded)
        rotatedCenter = AlignedArray(repeating: 0, count: padded)
        residual = AlignedArray(repeating: 0, count: padded)
    }

    /// Writes the record of `node`, `layout.stride` bytes that are zero.
    ///
    /// - Parameters:
    ///   - links: the node's links, slots in `rows`, at most `groups x lanes`.
    ///   - number: the number under which a slot is written.
    func encode(
        _ node: UInt32, links: UnsafeBufferPointer<UInt32>, _ rows: VectorRows,
        number: (UInt32) -> UInt32, into record: UnsafeMutableRawPointer
    ) {
        let padded = layout.paddedDimensions
        record.copyMemory(from: rows.codes(node), byteCount: padded)
        let factors = (record + layout.factors).assumingMemoryBound(to: Float.self)
        factors[0] = rows.scale(node)
        factors[1] = rows.squaredNorm(node)

        decode(node, rows, into: center.pointer)
        rotatedCenter.pointer.update(from: center.pointer, count: padded)
        kernels.pointee.rotate(rotatedCenter.pointer, padded, signs.pointer)
        for group in 0..<layout.groups {
            let start = record + layout.firstGroup + group * layout.groupBytes
            let numbers = start.assumingMemoryBound(to: UInt32.self)
            let slopes = (start + 128).assumingMemoryBound(to: Float.self)
            let offsets = (start + 256).assumingMemoryBound(to: Float.self)
            let codes = (start + 384).assumingMemoryBound(to: UInt8.self)
            for lane in 0..<NeighborCodes.lanes {
                let place = group * NeighborCodes.lanes + lane
                guard place < links.count else {
                    numbers[lane] = GraphLayers.noNode
                    offsets[lane] = .infinity
                    continue
                }
                numbers[lane] = number(links[place])
                (slopes[lane], offsets[lane]) = encode(
                    neighbor: links[place], rows, lane: lane, into: codes)
            }
        }
    }

    private func encode(
        neighbor: UInt32, _ rows: VectorRows, lane: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> (slope: Float, offset: Float) {
        let padded = layout.paddedDimensions
        let (residual, center) = (residual.pointer, center.pointer)
        decode(neighbor, rows, into: residual)
        for i in 0..<padded { residual[i] -= center[i] }
        kernels.pointee.rotate(residual, padded, signs.pointer)
        var sums: (magnitude: Float, square: Float, along: Float, product: Float) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &sums) {
            kernels.pointee.encode_neighbor(
                residual, rotatedCenter.pointer, padded, lane, codes,
                $0.baseAddress!.assumingMemoryBound(to: Float.self))
        }
        let factor = sums.magnitude > 0 ? sums.square / sums.magnitude : 0
        return metric == .euclidean
            ? (-2 * factor, 2 * factor * sums.along + sums.square)
            : (-factor, factor * sums.along - sums.product)
    }

    /// The vector that a row's codes represent.
    private func decode(
        _ slot: UInt32, _ rows: VectorRows, into output: UnsafeMutablePointer<Float>
    ) {
        let (codes, scale) = (rows.codes(slot), rows.scale(slot))
        for i in 0..<layout.paddedDimensions {
            output[i] = Float(Int32(codes[i]) - Int32(Int8Codes.zeroCode)) * scale
        }
    }
}
