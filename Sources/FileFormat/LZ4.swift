import CLZ4

/// LZ4 blocks: the compressed bytes alone; the decompressed length is kept by the caller.
package enum LZ4 {
    package static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let bound = Int(LZ4_compressBound(Int32(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            count = Int(
                LZ4_compress_default(
                    bytes.baseAddress, buffer.baseAddress, Int32(bytes.count), Int32(bound)))
        }
    }

    /// - Throws: `corruptBlock` where the bytes do not decompress to exactly `count` bytes.
    package static func decompress(_ bytes: UnsafeRawBufferPointer, count: Int) throws(FileError)
        -> [UInt8]
    {
        guard count >= 0, count <= Int(Int32.max), bytes.count <= Int(Int32.max) else {
            throw .corruptBlock(expected: count)
        }
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
