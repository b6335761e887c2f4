import CLZ4

/// LZ4 blocks: only the compressed bytes; the caller keeps the decompressed length.
package enum LZ4 {
    /// The most bytes in one block: LZ4's own limit (LZ4_MAX_INPUT_SIZE).
    package static let inputLimit = 0x7e00_0000

    /// A block never expands by more than this factor when decompressed.
    private static let greatestRatio = 255

    /// - Throws: `tooLarge` for more than `inputLimit` bytes.
    package static func compress(_ bytes: UnsafeRawBufferPointer) throws(FileError) -> [UInt8] {
        guard bytes.count <= inputLimit else {
            throw .tooLarge(bytes: bytes.count, limit: inputLimit)
        }
        let bound = Int(LZ4_compressBound(Int32(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            count = Int(
                LZ4_compress_default(
                    bytes.baseAddress, buffer.baseAddress, Int32(bytes.count), Int32(bound)))
        }
    }

    /// Memory is bounded by the input's length, whatever `count` is.
    ///
    /// - Throws: `corruptBlock` if the bytes do not decompress to exactly `count` bytes.
    package static func decompress(_ bytes: UnsafeRawBufferPointer, count: Int) throws(FileError)
        -> [UInt8]
    {
        guard count >= 0, count <= inputLimit, bytes.count <= Int(Int32.max), bytes.count > 0,
            count <= bytes.count * greatestRatio
        else { throw .corruptBlock(expected: count) }
        var found = 0
        let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            found = Int(
                LZ4_decompress_safe(
                    bytes.baseAddress, buffer.baseAddress, Int32(bytes.count), Int32(count)))
            initialized = max(0, found)
        }
        guard found == count else { throw .corruptBlock(expected: count) }
        return result
    }
}
