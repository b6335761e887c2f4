/// Dequantization in plain Swift, as a reference for tests of ``BlockType/dequantize(_:)`` and the
/// products.
///
/// The layouts are GGUF's (`dequantize_row_*` in ggml-quants.c). `d` is a block's scale, a float16.
/// A block of 256 of a K type has groups of 16 or 32, each with a scale and in some types a
/// minimum, of a few bits each.
package enum QuantizedBlocks {
    /// Dequantizes whole blocks.
    package static func reference(_ type: BlockType, _ bytes: [UInt8]) -> [Float] {
        stride(from: 0, to: bytes.count, by: type.bytesPerBlock).flatMap { start in
            let block = Array(bytes[start..<start + type.bytesPerBlock])
            return weights(type, block)
        }
    }

    private static func weights(_ type: BlockType, _ b: [UInt8]) -> [Float] {
        switch type {
        case .float32:
            [Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(b[$1]) << (8 * UInt32($1)) })]
        case .float16: [half(b, 0)]
        case .bfloat16: [Float(bitPattern: UInt32(b[0]) << 16 | UInt32(b[1]) << 24)]
        case .q4_0: (0..<32).map { Float(nibble(b, 2, $0) - 8) * half(b, 0) }
        case .q4_1: (0..<32).map { Float(nibble(b, 4, $0)) * half(b, 0) + half(b, 2) }
        case .q5_0:
            (0..<32).map { Float(nibble(b, 6, $0) + bit(b, 2, $0) << 4 - 16) * half(b, 0) }
        case .q5_1:
            (0..<32).map {
                Float(nibble(b, 8, $0) + bit(b, 4, $0) << 4) * half(b, 0) + half(b, 2)
            }
        case .q8_0: (0..<32).map { Float(Int8(bitPattern: b[2 + $0])) * half(b, 0) }
        case .iq4_nl: (0..<32).map { Float(levels[nibble(b, 2, $0)]) * half(b, 0) }
        case .q2_k:
            (0..<256).map {
                let group = Int(b[$0 / 16])
                return Float(pair(b, 16, $0)) * (half(b, 80) * Float(group & 15))
                    - half(b, 82) * Float(group >> 4)
            }
        case .q3_k:
            (0..<256).map {
                let third = Int(b[$0 % 32]) >> ($0 / 32) & 1
                return Float(pair(b, 32, $0) + third << 2 - 4)
                    * (half(b, 108) * Float(scaleOfQ3(b, $0 / 16)))
            }
        case .q4_k:
            (0..<256).map {
                let (scale, minimum) = scaleAndMinimum(b, $0 / 32)
                return Float(wideNibble(b, 16, $0)) * scale - minimum
            }
        case .q5_k:
            (0..<256).map {
                let (scale, minimum) = scaleAndMinimum(b, $0 / 32)
                let fifth = Int(b[16 + $0 % 32]) >> ($0 / 32) & 1
                return Float(wideNibble(b, 48, $0) + fifth << 4) * scale - minimum
            }
        case .q6_k:
            (0..<256).map {
                // Halves of 128: bytes 0 ..< 64 hold the lower nibbles of weights 0 ..< 64 and, in
                // their upper halves, of weights 64 ..< 128.
                let (half128, place) = ($0 / 128, $0 % 128)
                let low = Int(b[half128 * 64 + place % 64]) >> (place / 64 * 4) & 15
                let high = Int(b[128 + half128 * 32 + place % 32]) >> (place / 32 * 2) & 3
                let scale = half(b, 208) * Float(Int8(bitPattern: b[192 + $0 / 16]))
                return Float(low + high << 4 - 32) * scale
            }
        }
    }

    /// IQ4_NL's levels.
    private static let levels = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    private static func half(_ b: [UInt8], _ start: Int) -> Float {
        let (sign, exponent) = (b[start + 1] >> 7, Int(b[start + 1] >> 2) & 31)
        let fraction = Float(Int(b[start + 1] & 3) << 8 | Int(b[start]))
        let magnitude: Float =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
            }
        return sign == 0 ? magnitude : -magnitude
    }

    /// Weight `index` of 32: the lower halves of sixteen bytes, then the upper halves.
    private static func nibble(_ b: [UInt8], _ start: Int, _ index: Int) -> Int {
        Int(b[start + index % 16]) >> (index / 16 * 4) & 15
    }

    /// Weight `index` of 256: in each 32 bytes, the lower halves, then the upper halves.
    private static func wideNibble(_ b: [UInt8], _ start: Int, _ index: Int) -> Int {
        Int(b[start + index / 64 * 32 + index % 32]) >> (index / 32 % 2 * 4) & 15
    }

    private static func bit(_ b: [UInt8], _ start: Int, _ index: Int) -> Int {
        Int(b[start + index / 8]) >> (index % 8) & 1
    }

    /// Two bits of weight `index` of 256: each 32 bytes hold 128 weights, the first 32 in the
    /// lowest bits.
    private static func pair(_ b: [UInt8], _ start: Int, _ index: Int) -> Int {
        Int(b[start + index / 128 * 32 + index % 32]) >> (index / 32 % 4 * 2) & 3
    }

    private static func scaleOfQ3(_ b: [UInt8], _ group: Int) -> Int {
        let low = Int(b[96 + group % 8]) >> (group / 8 * 4) & 15
        let high = Int(b[104 + group % 4]) >> (group / 4 * 2) & 3
        return low + high << 4 - 32
    }

    /// The scale and minimum of a group in Q4_K and Q5_K, six bits each in twelve bytes.
    private static func scaleAndMinimum(_ b: [UInt8], _ group: Int) -> (Float, Float) {
        let s = b[4..<16].map(Int.init)
        let (scale, minimum) =
            group < 4
            ? (s[group] & 63, s[group + 4] & 63)
            : (
                s[group + 4] & 15 | (s[group - 4] >> 6) << 4,
                s[group + 4] >> 4 | (s[group] >> 6) << 4
            )
        return (half(b, 0) * Float(scale), half(b, 2) * Float(minimum))
    }
}
