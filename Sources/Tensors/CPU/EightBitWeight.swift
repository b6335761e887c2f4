import FileFormat
import VectorMath

/// A frozen weight W `[O, I]` in blocks of eight bits (Q8_0), for products with activations and
/// gradients in eight bits, too (`LinearLayer+Quantized.swift`).
///
/// It exists in both orientations, W for y = x W^T and its transpose for dx = dy W, since a scale is
/// shared by 32 weights that are multiplied by the same row: together 2.1 bytes a weight.
package final class EightBitWeight {
    private let blocks: [(memory: AlignedMemory, outputs: Int, inputs: Int)]

    private static let group = BlockType.q8_0.weightsPerBlock
    private static let bytes = BlockType.q8_0.bytesPerBlock

    /// - Returns: nil if a side is not a whole number of blocks, or a weight is too large or not finite.
    init?(_ weight: Buffer, outputs: Int, inputs: Int, parallel: Parallel) {
        guard outputs.isMultiple(of: Self.group), inputs.isMultiple(of: Self.group) else {
            return nil
        }
        let sizes = [(outputs, inputs), (inputs, outputs)]
        blocks = sizes.map { outputs, inputs in
            (AlignedMemory(byteCount: outputs * inputs / Self.group * Self.bytes), outputs, inputs)
        }
        var isFinite = [Bool](repeating: true, count: outputs / Self.group)
        let (rows, columns) = (blocks[0].memory.base, blocks[1].memory.base)
        isFinite.withUnsafeMutableBufferPointer { isFinite in
            let isFinite = isFinite.baseAddress
            // 32 rows at a time: whole blocks of both.
            parallel.tasks(outputs / Self.group) { task, _ in
                var values = [Float](repeating: 0, count: Self.group * inputs)
                values.withUnsafeMutableBufferPointer { values in
                    guard let x = values.baseAddress else { return }
                    Self.read(weight, task * Self.group * inputs, values)
                    for place in 0..<Self.group * inputs / Self.group {
                        let block = task * inputs + place
                        let fits = Self.encode(
                            x + place * Self.group, stride: 1, to: rows + block * Self.bytes)
                        if !fits { isFinite?[task] = false }
                    }
                    for column in 0..<inputs {
                        let block = column * (outputs / Self.group) + task
                        _ = Self.encode(
                            x + column, stride: inputs, to: columns + block * Self.bytes)
                    }
                }
            }
        }
        if isFinite.contains(false) { return nil }
    }

    /// W, or its transpose, as the weight `[outputs, inputs]` of a linear layer.
    func matrix(transposed: Bool) -> StoredMatrix {
        let (memory, outputs, inputs) = blocks[transposed ? 1 : 0]
        return StoredMatrix(
            values: memory.base, encoding: .q8_0, outputs: outputs, inputs: inputs)
    }

    private static func read(
        _ weight: Buffer, _ first: Int, _ values: UnsafeMutableBufferPointer<Float>
    ) {
        for place in values.indices {
            values[place] =
                weight.isHalf
                ? Float(bitPattern: UInt32(weight.halves[first + place]) << 16)
                : weight.floats[first + place]
        }
    }

    /// Scale, then 32 signed bytes, as `BlockEncoder` writes them.
    ///
    /// - Returns: false if a weight is not finite, or the scale too large.
    private static func encode(
        _ x: UnsafePointer<Float>, stride: Int, to block: UnsafeMutableRawPointer
    ) -> Bool {
        var largest: Float = 0
        var isFinite = true
        for index in 0..<group {
            let magnitude = x[index * stride].magnitude
            isFinite = isFinite && magnitude < 60000
            largest = max(largest, magnitude)
        }
        guard isFinite else { return false }
        let scale = largest / 127
        let inverse = scale > 0 && (1 / scale).isFinite ? 1 / scale : 0
        block.storeBytes(of: Float16Bits.bits(scale).littleEndian, as: UInt16.self)
        let bytes = (block + 2).assumingMemoryBound(to: Int8.self)
        for index in 0..<group {
            let quant = (x[index * stride] * inverse).rounded(.toNearestOrAwayFromZero)
            bytes[index] = Int8(min(127, max(-127, quant)))
        }
        return true
    }
}
