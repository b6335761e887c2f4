/// Cuts a term's postings into blocks and writes these.
package struct PostingBlockEncoder {
    private let average: Int
    private var encoder = PostingListEncoder()
    private var postings = Postings()

    /// - Parameter average: the mean number of words of a passage, of the collection or what is like it.
    package init(average: Double) {
        self.average = Int(min(max(average.rounded(), 1), 32_767))
    }

    /// - Parameter all: by ascending keys.
    package mutating func blocks(of all: KeyedPostings) -> [PostingBlock] {
        var blocks: [PostingBlock] = []
        var start = 0
        while start < all.count {
            let first = all.keys[start]
            var end = start + 1
            while end < all.count, end - start < PostingBlock.capacity,
                UInt64(bitPattern: all.keys[end] &- first) <= UInt64(Int32.max)
            { end += 1 }
            blocks.append(block(all, start..<end))
            start = end
        }
        return blocks
    }

    private mutating func block(_ all: KeyedPostings, _ range: Range<Int>) -> PostingBlock {
        let first = all.keys[range.lowerBound]
        postings.removeAll()
        for index in range {
            postings.append(
                slot: UInt32(all.keys[index] - first), frequency: all.frequencies[index])
        }
        var index = range.lowerBound
        let average = Double(average)
        encoder.encode(postings) { _, frequency in
            defer { index += 1 }
            return Impact.of(
                frequency: frequency, length: Int(all.lengths[index]), average: average)
        }
        let summary = PostingBlockSummary(
            first: first, span: Int32(all.keys[range.upperBound - 1] - first), count: range.count,
            maximumWeight: encoder.impact, average: self.average)
        return PostingBlock(summary, bytes: Self.pack(all.lengths[range]) + encoder.bytes)
    }

    private static func pack(_ lengths: ArraySlice<UInt32>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = lengths
        while !rest.isEmpty {
            let part = Array(rest.prefix(BitPacking.blockLength))
            rest = rest.dropFirst(part.count)
            part.withUnsafeBufferPointer { part in
                let width = BitPacking.width(of: part)
                bytes.append(UInt8(width))
                if part.count == BitPacking.blockLength, let base = part.baseAddress {
                    BitPacking.packBlock(base, width: width, into: &bytes)
                } else {
                    BitPacking.packRest(part, width: width, into: &bytes)
                }
            }
        }
        return bytes
    }
}
