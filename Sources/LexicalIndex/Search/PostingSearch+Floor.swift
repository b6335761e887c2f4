import HeapModule

extension PostingSearch {
    /// The most blocks of a list that are read to find the floor.
    private static let floorBlocks = 4

    /// Finds, before the walk, a score that at least `limit` passages reach: the k-th best score of
    /// a term's first postings for that term alone. With it the most common terms need not be added
    /// up even in the first windows.
    func raiseFloor(of contest: inout Contest) {
        for term in 0..<termCount {
            let (list, factor) = (terms[term].list, terms[term].factor)
            // tf / (tf + saturation) is below 1, so `factor` bounds the term's score.
            guard list.count >= contest.limit, factor > contest.threshold else { continue }
            if let floor = kthBest(contest.limit, of: list, factor: factor) {
                contest.raise(to: floor)
            }
        }
    }

    private func kthBest(_ limit: Int, of list: PostingList, factor: Float) -> Float? {
        guard limit <= Self.floorBlocks * BitPacking.blockLength else { return nil }
        var best = Heap<Float>()
        var cursor = PostingCursor(list)
        defer { cursor.deallocate() }
        while cursor.block < Self.floorBlocks, cursor.load(blockReaching: 0) {
            let extras = cursor.extras()
            for position in 0..<cursor.length {
                let slot = cursor.slots[position]
                guard slot < slotCount, isCandidate(slot) else { continue }
                let score = score(factor, extra: extras[position], at: slot)
                if best.count < limit {
                    best.insert(score)
                } else if let lowest = best.min, score > lowest {
                    best.replaceMin(with: score)
                }
            }
            cursor.advanceBlock()
            if cursor.isAtEnd { break }
        }
        return best.count == limit ? best.min : nil
    }
}
