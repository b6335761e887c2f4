import CVectorKernels

/// Vectors as 8-bit codes: component i is about scale × (code[i] - 128), with one scale per vector.
///
/// The scale is max|a[i]| / 127, rounded *up* to a bfloat16, so that it is stored exactly in two
/// bytes and no component is clipped. The error of a component is at most scale / 2.
package enum Int8Codes {
    /// Codes are padded to a multiple of this, the number that kernels process at a time.
    package static let block = 64

    /// `dimensions` rounded up to whole blocks.
    package static func paddedCount(_ dimensions: Int) -> Int {
        (dimensions + block - 1) / block * block
    }

    /// The code of zero, which pads rows.
    package static let zeroCode: UInt8 = 128

    /// The bits of the bfloat16 scale for components of at most this magnitude. They are 0 for a
    /// zero vector, and for one so small that its scale would not be a normal number; then all
    /// codes are zero.
    package static func scaleBits(largest: Float) -> UInt16 {
        let scale = largest / 127
        guard scale >= Float.leastNormalMagnitude else { return 0 }
        let bits = scale.bitPattern
        return UInt16(truncatingIfNeeded: bits >> 16) + (bits & 0xffff == 0 ? 0 : 1)
    }

    /// The value of a bfloat16.
    package static func value(ofScale bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }

    /// Writes `paddedCount(vector.count)` codes and returns the bits of the scale.
    package static func encode(
        _ vector: UnsafeBufferPointer<Float>, into codes: UnsafeMutablePointer<UInt8>
    ) -> UInt16 {
        let padded = paddedCount(vector.count)
        guard let base = vector.baseAddress, !vector.isEmpty else { return 0 }
        let kernels = VectorKernels.active.table
        let bits = scaleBits(largest: kernels.pointee.max_magnitude(base, vector.count))
        guard bits != 0 else {
            codes.update(repeating: zeroCode, count: padded)
            return 0
        }
        let scale = value(ofScale: bits)
        kernels.pointee.quantize_i8(base, 1 / scale, vector.count, codes)
        (codes + vector.count).update(repeating: zeroCode, count: padded - vector.count)
        return bits
    }

    /// The reference for `encode`.
    package static func encodeReference(_ vector: [Float]) -> (codes: [UInt8], scale: Float) {
        let largest = vector.reduce(0) { max($0, abs($1)) }
        let scale = value(ofScale: scaleBits(largest: largest))
        let codes = vector.map { component -> UInt8 in
            guard scale > 0 else { return zeroCode }
            let code = (component * (1 / scale)).rounded(.toNearestOrEven)
            return UInt8(min(max(code, -127), 127) + 128)
        }
        let padding = paddedCount(vector.count) - vector.count
        return (codes + [UInt8](repeating: zeroCode, count: padding), scale)
    }
}
