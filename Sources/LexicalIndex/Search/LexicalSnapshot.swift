/// The passages of a collection at one moment, ready to be searched by words.
package struct LexicalSnapshot: Sendable {
    /// Every key of one is below every key of the next.
    package let segments: [LiveSegment]
    /// Passages that are there.
    package let passageCount: Int
    /// Words in them.
    package let totalLength: Int

    /// Searches several segments as one collection.
    package init(_ segments: [LiveSegment]) {
        self.segments = segments
        passageCount = segments.reduce(0) { $0 + $1.count }
        totalLength = segments.reduce(0) { $0 + $1.totalLength }
    }

    /// Words in a passage on average.
    package var averageLength: Double {
        BM25.average(length: totalLength, passages: passageCount)
    }

    /// Passages that hold a stem.
    package func frequency(of stem: [UInt8]) -> Int {
        segments.reduce(0) { sum, part in
            guard let list = part.segment.postingList(of: stem) else { return sum }
            return sum + part.count(of: list, term: stem)
        }
    }

    /// The best passages by BM25 over title and text, stemmed: best first, equal scores by key;
    /// fewer than `limit` only where no more match.
    ///
    /// Any text is a query; a passage needs only one of its words. In collections of 256 passages or
    /// more, words in more than 40 % of them are left out unless there are no others; of a long query
    /// the 64 terms of the greatest weight are used.
    ///
    /// - Parameter allowed: keys, ascending, of the passages that may be found; `nil` for all.
    package func search(
        _ text: String, limit: Int, allowed: [Int64]? = nil
    ) -> (hits: [ScoredKey], cost: LexicalCost) {
        guard limit > 0, passageCount > 0 else { return ([], LexicalCost()) }
        let query = LexicalQuery(text, passageCount: passageCount, frequency: frequency(of:))
        return search(query, limit: limit, allowed: allowed)
    }

    package func search(
        _ query: LexicalQuery, limit: Int, allowed: [Int64]? = nil
    ) -> (hits: [ScoredKey], cost: LexicalCost) {
        guard limit > 0, !query.terms.isEmpty else { return ([], LexicalCost()) }
        var contest = Contest(limit: min(limit, passageCount))
        var cost = LexicalCost()
        for part in segments where part.count > 0 {
            let slots = allowed.map { part.segment.keys.slots(of: $0) }
            if slots?.isEmpty == true { continue }
            SegmentSearch.run(
                query, in: part, average: averageLength, allowed: slots, contest: &contest,
                cost: &cost)
        }
        return (contest.winners, cost)
    }
}

/// What a search cost, in counts that do not depend on the machine.
package struct LexicalCost: Sendable, Equatable {
    /// Postings whose weight was added up.
    package var postings = 0
    /// Passages that were scored to the last digit.
    package var scored = 0

    package init() {}
}

extension KeyColumn {
    /// Slots of those of `keys`, ascending, that are here.
    func slots(of keys: [Int64]) -> [UInt32] {
        var slots: [UInt32] = []
        var slot = 0
        for key in keys {
            if slot < count, self[slot] < key { slot = lowerBound(key, from: slot) }
            guard slot < count else { break }
            if self[slot] == key {
                slots.append(UInt32(slot))
                slot += 1
            }
        }
        return slots
    }
}
