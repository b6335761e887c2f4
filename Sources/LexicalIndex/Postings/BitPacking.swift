/// Packs unsigned numbers with as many bits per number as the largest needs.
///
/// A full block has 128 numbers in four lanes: number i is the (i / 4)th of lane i % 4, a lane is a
/// string of 32-bit words filled from their low bits, and the lanes' words are interleaved. So one
/// step unpacks four numbers, whatever their width (Lemire and Boytsov, "Decoding billions of
/// integers per second through vectorization", 2015). A shorter last block is one string of bits.
enum BitPacking {
    static let blockLength = 128
    private static let lanes = 4
    /// Readers load eight bytes at once, so that many may be read beyond the last.
    static let slack = 8

    /// The bits that the largest of `values` needs.
    static func width(of values: UnsafeBufferPointer<UInt32>) -> Int {
        32 - values.reduce(0, |).leadingZeroBitCount
    }

    static func byteCount(of count: Int, width: Int) -> Int { (count * width + 7) / 8 }

    // MARK: Full blocks

    /// Appends 16 x width bytes.
    static func packBlock(
        _ values: UnsafePointer<UInt32>, width: Int, into bytes: inout [UInt8]
    ) {
        var words = [UInt32](repeating: 0, count: lanes * width)
        for index in 0..<blockLength where width > 0 {
            let bit = index / lanes * width
            let place = bit / 32 * lanes + index % lanes
            let value = UInt64(values[index]) << UInt64(bit % 32)
            words[place] |= UInt32(truncatingIfNeeded: value)
            if bit % 32 + width > 32 { words[place + lanes] |= UInt32(value >> 32) }
        }
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
    }

    /// Unpacks 128 numbers.
    @inline(__always)
    static func unpackBlock(
        _ bytes: UnsafeRawPointer, width: Int, into values: UnsafeMutablePointer<UInt32>
    ) {
        let target = UnsafeMutableRawPointer(values)
        guard width > 0 else {
            values.update(repeating: 0, count: blockLength)
            return
        }
        let mask = SIMD4<UInt32>(repeating: width == 32 ? .max : 1 << UInt32(width) - 1)
        var bit = 0
        for row in 0..<blockLength / lanes {
            let (word, shift) = (bit >> 5, UInt32(bit & 31))
            var value =
                bytes.loadUnaligned(fromByteOffset: word * 16, as: SIMD4<UInt32>.self)
                &>> SIMD4(repeating: shift)
            if Int(shift) + width > 32 {
                value |=
                    bytes.loadUnaligned(fromByteOffset: word * 16 + 16, as: SIMD4<UInt32>.self)
                    &<< SIMD4(repeating: 32 - shift)
            }
            target.storeBytes(of: value & mask, toByteOffset: row * 16, as: SIMD4<UInt32>.self)
            bit += width
        }
    }

    // MARK: What is left over

    static func packRest(
        _ values: UnsafeBufferPointer<UInt32>, width: Int, into bytes: inout [UInt8]
    ) {
        var pending: UInt64 = 0
        var bits = 0
        for value in values {
            pending |= UInt64(value) << UInt64(bits)
            bits += width
            while bits >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                bits -= 8
            }
        }
        if bits > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
    }

    /// Reads up to `slack` bytes beyond the packed ones.
    @inline(__always)
    static func unpackRest(
        _ bytes: UnsafeRawPointer, count: Int, width: Int,
        into values: UnsafeMutablePointer<UInt32>
    ) {
        let mask: UInt64 = (1 << UInt64(width)) - 1
        for index in 0..<count {
            let bit = index * width
            let word = bytes.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
            values[index] = UInt32(truncatingIfNeeded: word >> UInt64(bit & 7) & mask)
        }
    }
}
