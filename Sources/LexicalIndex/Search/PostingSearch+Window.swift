extension PostingSearch {
    /// The number of postings that can be skipped in the time of one look-up.
    private static let lookupCost = 16

    /// Adds up a term's weights in the window.
    ///
    /// - Parameter onlyNear: whether to add to passages only that are touched already.
    @inline(__always)
    func add(
        _ term: inout TermState, onlyNear: Bool, from start: UInt32, to end: UInt32,
        cost: inout LexicalCost
    ) {
        let factor = term.factor
        let size = end - start
        while term.cursor.load(blockReaching: start) {
            let slots = term.cursor.slots
            let length = term.cursor.length
            var position = term.cursor.position
            while position < length, slots[position] < start { position += 1 }
            let first = position
            if onlyNear {
                while position < length {
                    let offset = slots[position] &- start
                    guard offset < size else { break }
                    if touched[Int(offset >> 6)] >> UInt64(offset & 63) & 1 != 0 {
                        let extra = term.cursor.extras()[position]
                        sums[Int(offset)] += score(factor, extra: extra, at: slots[position])
                        cost.postings += 1
                    }
                    position += 1
                }
            } else {
                let extras = term.cursor.extras()
                while position < length {
                    let slot = slots[position]
                    // Even slots of a damaged list stay within the window.
                    let offset = slot &- start
                    guard offset < size else { break }
                    sums[Int(offset)] += score(factor, extra: extras[position], at: slot)
                    touched[Int(offset >> 6)] |= 1 << UInt64(offset & 63)
                    position += 1
                }
                cost.postings += position - first
            }
            term.cursor.position = position
            guard position == length else { return }
            term.cursor.advanceBlock()
            if term.cursor.isAtEnd { return }
        }
    }

    /// Finds the passages of the window that may win, by adding the remaining terms one by one for
    /// those still in reach, and clears the window.
    mutating func refine(
        from start: UInt32, to end: UInt32, essential: Int, contest: inout Contest,
        cost: inout LexicalCost
    ) {
        var rest: Float = 0
        for place in 0..<essential { rest += terms[order[place]].bound }
        var count = collect(from: start, lowest: contest.threshold - rest)
        for place in stride(from: essential - 1, through: 0, by: -1) where count > 0 {
            let term = order[place]
            rest -= terms[term].bound
            let postings = terms[term].list.count / (slotCount / Int(end - start))
            if postings < count * Self.lookupCost {
                add(&terms[term], onlyNear: true, from: start, to: end, cost: &cost)
            } else {
                lookUp(
                    &terms[term], count, from: start, lowest: contest.threshold - rest,
                    cost: &cost)
            }
            count = keep(count, lowest: contest.threshold - rest)
        }
        for place in 0..<count {
            let offset = Int(near[place])
            let score = sums[offset]
            sums[offset] = 0
            touched[offset >> 6] = 0
            guard score >= contest.threshold else { continue }
            contest.note(score)
            candidates.append((start + near[place], score))
        }
    }

    /// Collects the touched offsets whose sums are not below `lowest`, clears the others, and
    /// returns the number collected.
    private func collect(from start: UInt32, lowest: Float) -> Int {
        var count = 0
        for word in 0..<Self.window / 64 where touched[word] != 0 {
            var bits = touched[word]
            var kept = bits
            while bits != 0 {
                let offset = word * 64 + bits.trailingZeroBitCount
                if sums[offset] >= lowest, isCandidate(start + UInt32(offset)) {
                    near[count] = UInt32(offset)
                    count += 1
                } else {
                    sums[offset] = 0
                    kept ^= bits & (0 &- bits)
                }
                bits &= bits - 1
            }
            touched[word] = kept
        }
        return count
    }

    /// Keeps the collected offsets whose sums are not below `lowest`, clears the others, and
    /// returns the number kept.
    private func keep(_ count: Int, lowest: Float) -> Int {
        var kept = 0
        for place in 0..<count {
            let offset = near[place]
            if sums[Int(offset)] >= lowest {
                near[kept] = offset
                kept += 1
            } else {
                sums[Int(offset)] = 0
                touched[Int(offset >> 6)] &= ~(1 << UInt64(offset & 63))
            }
        }
        return kept
    }

    /// Looks up each collected passage in a term's list.
    @inline(__always)
    private func lookUp(
        _ term: inout TermState, _ count: Int, from start: UInt32, lowest: Float,
        cost: inout LexicalCost
    ) {
        for place in 0..<count {
            let offset = Int(near[place])
            let slot = start + near[place]
            // The bound of the slot's own block is tighter than the window's, and needs no
            // unpacking.
            guard let impact = term.cursor.impact(reaching: slot) else { return }
            guard sums[offset] + bound(of: term, impact: impact) >= lowest else { continue }
            let frequency = term.cursor.frequency(in: slot)
            guard frequency > 0 else { continue }
            cost.postings += 1
            sums[offset] += score(term.factor, extra: frequency - 1, at: slot)
        }
    }
}
