import FileFormat

extension LexicalSegment {
    /// Checks the whole segment: terms in order, posting lists as the dictionary describes them,
    /// slots ascending and in range, every impact an upper bound, lengths equal to the sums of
    /// frequencies, keys increasing.
    ///
    /// - Returns: for each slot a digest of its words (see `PassageDigest`), to compare with the
    ///   database.
    /// - Throws: `damaged`, naming the part and the term or slot.
    /// - Complexity: O(size of the segment) time; 16 bytes of memory per passage.
    @discardableResult
    package func checkInvariants() throws(SectionFileError) -> [PassageDigest] {
        for slot in 1..<max(1, count) where keys[slot - 1] >= keys[slot] {
            throw damaged("keys", "that of slot \(slot) does not follow")
        }
        var digests = [PassageDigest](repeating: PassageDigest(), count: count)
        var cursor = TermCursor(dictionary)
        var previous: [UInt8] = []
        var postings = Postings()
        var terms = 0
        while cursor.next() {
            let name = String(decoding: cursor.term, as: UTF8.self)
            guard terms == 0 || previous.precedes(cursor.term) else {
                throw damaged("dictionary", "the term '\(name)' is out of order")
            }
            previous = cursor.term
            terms += 1
            postings.removeAll()
            guard let list = postingList(cursor.entry), list.unpack(into: &postings) else {
                throw damaged("postings", "those of '\(name)' cannot be read")
            }
            let hash = PassageDigest.hash(cursor.term)
            var last = -1
            for index in 0..<postings.count {
                let slot = Int(postings.slots[index])
                let frequency = postings.frequencies[index]
                guard slot > last, slot < count, frequency > 0 else {
                    throw damaged("postings", "those of '\(name)' are out of order")
                }
                last = slot
                digests[slot].add(hash, frequency: Int(frequency))
                let impact = Impact.of(
                    frequency: frequency, length: lengths[slot], average: averageLength)
                let block = index / BitPacking.blockLength
                guard impact <= list.impact(ofBlock: block), impact <= list.impact,
                    list.blockCount == 1 || slot <= Int(list.lastSlot(ofBlock: block))
                else { throw damaged("postings", "a bound on those of '\(name)' is too low") }
            }
        }
        guard terms == termCount else {
            throw damaged("dictionary", "\(terms) of \(termCount) terms can be read")
        }
        var total = 0
        for slot in 0..<count {
            total += lengths[slot]
            guard digests[slot].length == lengths[slot] else {
                throw damaged("lengths", "that of passage \(keys[slot]) is wrong")
            }
        }
        guard total == totalLength else { throw damaged("lengths", "they do not add up") }
        return digests
    }
}

/// A digest of a passage's words that does not depend on their order.
package struct PassageDigest: Sendable, Equatable {
    package private(set) var length = 0
    private var sum: UInt64 = 0

    package init() {}

    package init(title: String, text: String) {
        self.init(title: title, text: text) { $0 }
    }

    /// - Parameter key: what stands for a stem.
    package init(title: String, text: String, key: ([UInt8]) -> [UInt8]) {
        for part in [title, text] {
            LexicalQuery.forEachWord(in: part, for: .passage) { _, stem in
                add(Self.hash(key(stem)), frequency: 1)
            }
        }
    }

    package static func hash(_ term: [UInt8]) -> UInt64 {
        term.withUnsafeBytes { Checksum.of($0) }
    }

    /// - Parameter frequency: negative to take occurrences away.
    package mutating func add(_ hash: UInt64, frequency: Int) {
        length += frequency
        sum &+= hash &* UInt64(truncatingIfNeeded: frequency)
    }
}
