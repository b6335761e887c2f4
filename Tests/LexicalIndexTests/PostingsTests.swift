import TestSupport
import Testing

@testable import LexicalIndex

/// The codec at its extremes: decoding restores what was encoded, and a search finds it.
@Suite struct PostingsTests {
    private static func roundTrip(_ postings: Postings, impacts: [UInt8]? = nil) throws {
        var encoder = PostingListEncoder()
        var index = 0
        encoder.encode(postings) { _, _ in
            defer { index += 1 }
            return impacts?[index] ?? 7
        }
        let bytes = encoder.bytes + [UInt8](repeating: 0xFF, count: BitPacking.slack)
        try bytes.withUnsafeBytes { bytes in
            let list = try #require(
                PostingList(
                    UnsafeRawBufferPointer(rebasing: bytes.dropLast(BitPacking.slack)),
                    count: postings.count, impact: encoder.impact))
            var decoded = Postings()
            #expect(list.unpack(into: &decoded))
            #expect(decoded.slots == postings.slots)
            #expect(decoded.frequencies == postings.frequencies)
            if let impacts {
                #expect(encoder.impact == impacts.max())
                for block in 0..<list.blockCount {
                    let start = block * BitPacking.blockLength
                    let end = min(start + BitPacking.blockLength, postings.count)
                    #expect(list.impact(ofBlock: block) == impacts[start..<end].max())
                }
            }
            // Every third slot and its neighbors looked up.
            var cursor = PostingCursor(list)
            defer { cursor.deallocate() }
            var last: UInt32?
            for index in stride(from: 0, to: postings.count, by: 3) {
                let slot = postings.slots[index]
                if slot > 0, slot - 1 > last ?? 0 {
                    let isHeld = index > 0 && postings.slots[index - 1] == slot - 1
                    #expect(
                        cursor.frequency(in: slot - 1)
                            == (isHeld ? postings.frequencies[index - 1] : 0))
                }
                #expect(cursor.frequency(in: slot) == postings.frequencies[index])
                last = slot
            }
        }
    }

    @Test(arguments: [1, 2, 3, 127, 128, 129, 255, 256, 257, 1000, 5000])
    func listsOfAnyLength(count: Int) throws {
        var generator = RandomSource.forTest(0, part: count)
        for widest in [0, 1, 5, 12, 19] {
            var postings = Postings()
            var slot: UInt32 = 0
            for index in 0..<count {
                let gap = UInt32.random(in: 0...(1 << UInt32(widest) - 1), using: &generator)
                slot += gap + (index > 0 ? 1 : 0)
                postings.append(
                    slot: slot,
                    frequency: .random(in: 1...(1 << UInt32(widest)), using: &generator))
            }
            let impacts = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try Self.roundTrip(postings, impacts: impacts)
        }
    }

    @Test func theGreatestNumbers() throws {
        let last = UInt32.max - 1
        try Self.roundTrip(Postings(slots: [last], frequencies: [.max]))
        try Self.roundTrip(Postings(slots: [0, last], frequencies: [.max, 1]))
        // A full block and a rest, each with one huge gap and one huge frequency.
        for place in [0, 1, 64, 127, 128, 130] {
            var postings = Postings()
            for index in 0..<131 {
                postings.append(
                    slot: UInt32(index) + (index >= place ? last - 200 : 0),
                    frequency: index == place ? .max : 1)
            }
            try Self.roundTrip(postings)
        }
    }

    @Test func everyWidth() {
        for width in 0...32 {
            let mask: UInt32 = width == 32 ? .max : 1 << UInt32(width) - 1
            let values = (0..<128).map { index in
                index % 3 == 0 ? mask : UInt32(truncatingIfNeeded: index &* 0x9E37_79B1) & mask
            }
            var bytes: [UInt8] = []
            BitPacking.packBlock(values, width: width, into: &bytes)
            #expect(bytes.count == 16 * width)
            var unpacked = [UInt32](repeating: 1, count: 128)
            BitPacking.unpackBlock(bytes, width: width, into: &unpacked)
            #expect(unpacked == values)
            for count in [1, 7, 100, 127] {
                var bytes: [UInt8] = []
                values.withUnsafeBufferPointer {
                    BitPacking.packRest(.init(rebasing: $0[..<count]), width: width, into: &bytes)
                }
                #expect(bytes.count == BitPacking.byteCount(of: count, width: width))
                bytes += [UInt8](repeating: 0xFF, count: BitPacking.slack)
                var unpacked = [UInt32](repeating: 0, count: count)
                BitPacking.unpackRest(bytes, count: count, width: width, into: &unpacked)
                #expect(unpacked == Array(values[..<count]))
            }
        }
    }

    /// Reading a damaged list ends and stays within its bytes.
    @Test func damagedListsEnd() throws {
        var generator = RandomSource.forTest(3)
        var encoder = PostingListEncoder()
        var postings = Postings()
        for index in 0..<700 { postings.append(slot: UInt32(index * 5), frequency: 2) }
        encoder.encode(postings) { _, _ in 9 }
        for _ in 0..<2000 {
            var bytes = encoder.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...8, using: &generator))
            let count = bytes.count
            bytes += [UInt8](repeating: 0xFF, count: BitPacking.slack)
            bytes.withUnsafeBytes { bytes in
                guard
                    let list = PostingList(.init(rebasing: bytes[..<count]), count: 700, impact: 9)
                else { return }
                var decoded = Postings()
                _ = list.unpack(into: &decoded)
                #expect(decoded.count <= 700)
                var cursor = PostingCursor(list)
                defer { cursor.deallocate() }
                for slot in stride(from: UInt32(0), to: 4000, by: 37) {
                    _ = cursor.frequency(in: slot)
                }
            }
        }
    }
}
