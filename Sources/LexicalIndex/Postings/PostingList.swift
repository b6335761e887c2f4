// A term's postings: the slots of the passages that contain it, ascending, with its frequency in
// each.
//
// Up to 128 postings are one block. Longer lists begin with a table, one entry for each 128:
//
//     last slot   4 bytes x blocks       so that a search finds the block of a slot
//     end         4 bytes x blocks       of the block, in bytes from the end of the table
//     impact      1 byte x blocks        no posting of the block weighs more (see Impact)
//     block, block, …
//
// A block is two bit widths, one byte each, then the gaps between its slots minus one (the first
// gap from the last slot of the previous block, or from -1), then the frequencies minus one
// (BitPacking).

/// Postings as parallel arrays.
struct Postings {
    var slots: [UInt32] = []
    var frequencies: [UInt32] = []

    var count: Int { slots.count }

    mutating func removeAll() {
        slots.removeAll(keepingCapacity: true)
        frequencies.removeAll(keepingCapacity: true)
    }

    mutating func append(slot: UInt32, frequency: UInt32) {
        slots.append(slot)
        frequencies.append(frequency)
    }
}

enum PostingListLayout {
    static func blockCount(_ count: Int) -> Int {
        (count + BitPacking.blockLength - 1) / BitPacking.blockLength
    }

    /// The size in bytes of the table before the first block.
    static func tableBytes(_ count: Int) -> Int {
        count > BitPacking.blockLength ? blockCount(count) * 9 : 0
    }
}

/// Writes posting lists.
struct PostingListEncoder {
    /// The list's bytes.
    private(set) var bytes: [UInt8] = []
    /// The greatest impact in the list.
    private(set) var impact: UInt8 = 0

    private var blocks: [UInt8] = []
    private var gaps = [UInt32](repeating: 0, count: BitPacking.blockLength)
    private var extras = [UInt32](repeating: 0, count: BitPacking.blockLength)
    private var lastSlots: [UInt32] = []
    private var ends: [UInt32] = []
    private var impacts: [UInt8] = []

    /// - Parameters:
    ///   - postings: at least one; slots ascend, frequencies are at least 1.
    ///   - impactOf: the impact of a posting, given its slot and frequency.
    mutating func encode(_ postings: Postings, impactOf: (UInt32, UInt32) -> UInt8) {
        bytes.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        lastSlots.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        impacts.removeAll(keepingCapacity: true)
        impact = 0
        var next: UInt32 = 0
        for start in stride(from: 0, to: postings.count, by: BitPacking.blockLength) {
            let end = min(start + BitPacking.blockLength, postings.count)
            var highest: UInt8 = 0
            for index in start..<end {
                let (slot, frequency) = (postings.slots[index], postings.frequencies[index])
                gaps[index - start] = slot - next
                extras[index - start] = frequency - 1
                next = slot &+ 1
                highest = max(highest, impactOf(slot, frequency))
            }
            appendBlock(count: end - start)
            lastSlots.append(postings.slots[end - 1])
            ends.append(UInt32(blocks.count))
            impacts.append(highest)
            impact = max(impact, highest)
        }
        if lastSlots.count > 1 {
            for values in [lastSlots, ends] {
                for value in values { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
            }
            bytes += impacts
        }
        bytes += blocks
    }

    private mutating func appendBlock(count: Int) {
        gaps.withUnsafeBufferPointer { gaps in
            extras.withUnsafeBufferPointer { extras in
                let gaps = UnsafeBufferPointer(rebasing: gaps[..<count])
                let extras = UnsafeBufferPointer(rebasing: extras[..<count])
                let widths = (BitPacking.width(of: gaps), BitPacking.width(of: extras))
                blocks.append(UInt8(widths.0))
                blocks.append(UInt8(widths.1))
                if count == BitPacking.blockLength {
                    BitPacking.packBlock(gaps.baseAddress!, width: widths.0, into: &blocks)
                    BitPacking.packBlock(extras.baseAddress!, width: widths.1, into: &blocks)
                } else {
                    BitPacking.packRest(gaps, width: widths.0, into: &blocks)
                    BitPacking.packRest(extras, width: widths.1, into: &blocks)
                }
            }
        }
    }
}
