import HeapModule

extension SegmentSearch {
    /// Blocks of a list that are read for the floor.
    private static let floorBlocks = 4

    /// Finds a score that as many passages reach as are wanted, before the walk: what the k-th best of
    /// a term's first postings weigh for that term alone. With it the commonest terms need not
    /// be added up even in the first windows.
    func raiseFloor(of contest: inout Contest) {
        for term in 0..<termCount {
            let (list, factor) = (terms[term].list, terms[term].factor)
            // A frequency over itself and more is below 1.
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
                guard slot < part.segment.count, isCandidate(slot) else { continue }
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
