import FileFormat
import Testing

@Suite struct LZ4Tests {
    private func roundTrip(_ bytes: [UInt8]) throws -> [UInt8] {
        let block = try bytes.withUnsafeBytes { try LZ4.compress($0) }
        return try block.withUnsafeBytes { try LZ4.decompress($0, count: bytes.count) }
    }

    @Test(arguments: [0, 1, 12, 13, 255, 65_536, 1_000_003])
    func comesBackAsItWas(count: Int) throws {
        var state: UInt32 = 1
        let mixed = (0..<count).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index % 300 < 200 ? UInt8(7) : UInt8(state >> 24)
        }
        #expect(try roundTrip(mixed) == mixed)
    }

    @Test func theLongestRunStaysUnderTheRatio() throws {
        let zeros = [UInt8](repeating: 0, count: 10_000_000)
        #expect(try roundTrip(zeros) == zeros)
    }

    @Test func wrongLengthsAreRefused() throws {
        let block = try Array("to be or not to be, to be or not to be".utf8)
            .withUnsafeBytes { try LZ4.compress($0) }
        for count in [-1, 0, 1, 37, 39, 1000, Int(Int32.max), Int.max] {
            #expect(throws: FileError.corruptBlock(expected: count)) {
                _ = try block.withUnsafeBytes { try LZ4.decompress($0, count: count) }
            }
        }
        #expect(throws: FileError.corruptBlock(expected: 5)) {
            _ = try [UInt8]().withUnsafeBytes { try LZ4.decompress($0, count: 5) }
        }
    }

    @Test func damageNeverReadsOrWritesOutside() throws {
        let text = Array(String(repeating: "the quick brown fox; ", count: 50).utf8)
        let block = try text.withUnsafeBytes { try LZ4.compress($0) }
        var refused = 0
        for index in block.indices {
            for bit in 0..<8 {
                var damaged = block
                damaged[index] ^= 1 << bit
                do {
                    let result = try damaged.withUnsafeBytes {
                        try LZ4.decompress($0, count: text.count)
                    }
                    #expect(result.count == text.count)
                } catch { refused += 1 }
            }
        }
        #expect(refused > 0)
    }

    /// Nothing is read: the buffer's length alone is over the limit.
    @Test func moreThanABlockHoldsIsRefused() {
        let bytes = UnsafeRawBufferPointer(
            start: UnsafeRawPointer(bitPattern: 4096), count: LZ4.inputLimit + 1)
        #expect(throws: FileError.tooLarge(bytes: LZ4.inputLimit + 1, limit: LZ4.inputLimit)) {
            _ = try LZ4.compress(bytes)
        }
    }
}
