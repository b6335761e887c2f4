/// The passages of a collection at one moment, searchable by words.
package struct LexicalSnapshot: Sendable {
    /// Every key of one is below every key of the next.
    package let segments: [LiveSegment]
    /// The number of passages that are not deleted.
    package let passageCount: Int
    /// The number of words in those passages.
    package let totalLength: Int

    /// Searches several segments as one collection.
    package init(_ segments: [LiveSegment]) {
        self.segments = segments
        passageCount = segments.reduce(0) { $0 + $1.count }
        totalLength = segments.reduce(0) { $0 + $1.totalLength }
    }

    /// The mean number of words in a passage.
    package var averageLength: Double {
        BM25.average(length: totalLength, passages: passageCount)
    }

    /// The number of passages that contain a stem.
    package func frequency(of stem: [UInt8]) -> Int {
        segments.reduce(0) { sum, part in
            guard let list = part.segment.postingList(of: stem) else { return sum }
            return sum + part.count(of: list, term: stem)
        }
    }

    /// The best passages by BM25 over the stemmed words of title and text: best first, ties by key;
    /// fewer than `limit` only if no more match.
    ///
    /// Any text is a query; a passage matches if it contains one of its words. In collections of
    /// 256 passages or more, words in more than 40 % of them are ignored unless there are no
    /// others. Of a long query, the 64 terms of the greatest weight are used.
    ///
    /// - Parameters:
    ///   - allowed: keys, ascending, of the passages that may be found; `nil` for all.
    ///   - scoring: the parameters of BM25. Others than the standard ones are slower, since the
    ///     bounds that segments hold are for those.
    package func search(
        _ text: String, limit: Int, allowed: [Int64]? = nil, scoring: BM25 = .standard
    ) -> (hits: [ScoredKey], cost: LexicalCost) {
        guard limit > 0, passageCount > 0 else { return ([], LexicalCost()) }
        let query = LexicalQuery(text, passageCount: passageCount, frequency: frequency(of:))
        return search(query, limit: limit, allowed: allowed, scoring: scoring)
    }

    package func search(
        _ query: LexicalQuery, limit: Int, allowed: [Int64]? = nil, scoring: BM25 = .standard
    ) -> (hits: [ScoredKey], cost: LexicalCost) {
        query.search(
            segments.filter { $0.count > 0 }, limit: min(limit, passageCount),
            average: averageLength, allowed: allowed, scoring: scoring)
    }
}

/// The cost of a search, in counts that do not depend on the machine.
package struct LexicalCost: Sendable, Equatable {
    /// The number of postings that were added up.
    package var postings = 0
    /// The number of passages that were scored exactly.
    package var scored = 0

    package init() {}
}

extension KeyColumn {
    /// The slots of those of the ascending `keys` that are in this column.
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
