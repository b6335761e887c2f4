// Posting lists cut in blocks that stand for themselves, for a store that keeps them as rows of a table.
//
// A block has up to 512 postings of one term, by ascending passage keys. Its bytes are
//
//     lengths of the first 128 passages · of the next 128 · … · posting list
//
// where the lengths are a bit width, one byte, and the numbers of words (BitPacking), and the posting list is
// that of a segment (see PostingListLayout), a key's distance from the block's first key being its slot.

/// Postings of one term by the keys of passages, as parallel arrays.
package struct KeyedPostings: Sendable, Equatable {
    /// Ascending.
    package internal(set) var keys: [Int64] = []
    /// How often the term occurs in each passage, at least once.
    package internal(set) var frequencies: [UInt32] = []
    /// The number of words of each passage.
    package internal(set) var lengths: [UInt32] = []

    package init() {}

    package var count: Int { keys.count }

    mutating func append(_ key: Int64, frequency: UInt32, length: UInt32) {
        keys.append(key)
        frequencies.append(frequency)
        lengths.append(length)
    }

    mutating func append(_ other: KeyedPostings, _ index: Int) {
        append(
            other.keys[index], frequency: other.frequencies[index], length: other.lengths[index])
    }

    package mutating func append(_ other: KeyedPostings) {
        keys += other.keys
        frequencies += other.frequencies
        lengths += other.lengths
    }

    mutating func removeAll() {
        keys.removeAll(keepingCapacity: true)
        frequencies.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    /// In the order of keys, whatever order they came in; each passage once, however damaged they are.
    package func sorted() -> KeyedPostings {
        if zip(keys, keys.dropFirst()).allSatisfy({ $0 < $1 }) { return self }
        var sorted = KeyedPostings()
        for index in keys.indices.sorted(by: { keys[$0] < keys[$1] })
        where sorted.keys.last != keys[index] {
            sorted.append(self, index)
        }
        return sorted
    }

    /// Without the passages that are gone.
    package func without(_ gone: Set<Int64>) -> KeyedPostings {
        if gone.isEmpty { return self }
        var kept = KeyedPostings()
        for index in keys.indices where !gone.contains(keys[index]) { kept.append(self, index) }
        return kept
    }
}

/// What can be said of a block without its bytes.
package struct PostingBlockSummary: Sendable, Equatable {
    /// The first passage's key, by which the block is named: no other block of the term has that passage.
    package let first: Int64
    /// The last passage's key less the first.
    package let span: Int32
    /// The number of postings.
    package let count: Int
    /// In 255ths: no posting of the block has a greater tf / (tf + saturation), for a mean of ``average``
    /// words a passage (see ``Impact``).
    package let maximumWeight: UInt8
    /// The mean length that ``maximumWeight`` refers to, any number near that of the collection.
    package let average: Int

    package init(first: Int64, span: Int32, count: Int, maximumWeight: UInt8, average: Int) {
        self.first = first
        self.span = span
        self.count = count
        self.maximumWeight = maximumWeight
        self.average = average
    }

    package var last: Int64 { first &+ Int64(span) }

    /// A block of this size is not made greater.
    package var isFull: Bool { count >= PostingBlock.capacity }

    func overlaps(_ other: PostingBlockSummary) -> Bool {
        first <= other.last && other.first <= last
    }
}

/// Postings of one term in the form in which a store keeps them.
package struct PostingBlock: Sendable, Equatable {
    package let summary: PostingBlockSummary
    package let bytes: [UInt8]

    /// The most postings of a block.
    package static let capacity = 4 * BitPacking.blockLength

    package init(_ summary: PostingBlockSummary, bytes: [UInt8]) {
        self.summary = summary
        self.bytes = bytes
    }

    /// Reads the postings.
    ///
    /// - Returns: `nil` if the bytes cannot be those of a block with this summary. Nothing beyond them is
    ///   read.
    package func postings() -> KeyedPostings? {
        let count = summary.count
        guard count > 0, count <= Self.capacity, summary.span >= 0,
            !summary.first.addingReportingOverflow(Int64(summary.span)).overflow
        else { return nil }
        let padded = bytes + [UInt8](repeating: 0, count: BitPacking.slack)
        var result = KeyedPostings()
        var list = Postings()
        let isSound = padded.withUnsafeBytes { buffer in
            let content = UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])
            guard let rest = unpackLengths(content, into: &result.lengths),
                let packed = PostingList(
                    UnsafeRawBufferPointer(rebasing: content[rest...]), count: count, impact: 255)
            else { return false }
            return packed.unpack(into: &list)
        }
        guard isSound, list.slots.first == 0, list.slots.last == UInt32(summary.span),
            zip(list.slots, list.slots.dropFirst()).allSatisfy({ $0 < $1 }),
            list.frequencies.allSatisfy({ $0 > 0 })
        else { return nil }
        result.keys = list.slots.map { summary.first + Int64($0) }
        result.frequencies = list.frequencies
        return result
    }

    /// Whether the summary's bound holds for the postings.
    package func isBounded(_ postings: KeyedPostings) -> Bool {
        let average = Double(max(summary.average, 1))
        return zip(postings.frequencies, postings.lengths).allSatisfy { frequency, length in
            Impact.of(frequency: frequency, length: Int(length), average: average)
                <= summary.maximumWeight
        }
    }

    /// - Returns: where the posting list begins; `nil` if the bytes are damaged.
    private func unpackLengths(
        _ bytes: UnsafeRawBufferPointer, into lengths: inout [UInt32]
    ) -> Int? {
        var place = 0
        var isSound = true
        lengths = [UInt32](unsafeUninitializedCapacity: summary.count) { target, initialized in
            target.initialize(repeating: 0)
            initialized = summary.count
            guard let base = bytes.baseAddress, let target = target.baseAddress else { return }
            for start in stride(from: 0, to: summary.count, by: BitPacking.blockLength) {
                let length = min(BitPacking.blockLength, summary.count - start)
                guard place < bytes.count else {
                    isSound = false
                    return
                }
                let width = Int(bytes[place])
                place += 1
                let size = BitPacking.byteCount(of: length, width: width)
                guard width <= 32, size <= bytes.count - place else {
                    isSound = false
                    return
                }
                if length == BitPacking.blockLength {
                    BitPacking.unpackBlock(base + place, width: width, into: target + start)
                } else {
                    BitPacking.unpackRest(
                        base + place, count: length, width: width, into: target + start)
                }
                place += size
            }
        }
        return isSound ? place : nil
    }
}
