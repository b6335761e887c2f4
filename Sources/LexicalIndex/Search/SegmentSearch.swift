/// Searches one segment.
///
/// Passages are taken in windows of slots. In each the terms are divided as in MaxScore (Turtle and
/// Flood, "Query evaluation: strategies and optimizations", 1995) by what they can weigh *there*, which
/// the blocks' impacts tell (Ding and Suel, "Faster top-k document retrieval using block-max
/// indexes", 2011): terms that even together cannot lift a passage into the result are only looked
/// up for passages that other terms have brought near it. The others' postings are added up, one
/// term after another, in an array with a place for each slot.
///
/// All that is in single precision; those passages that may be in the result are then scored exactly,
/// in the order of the query's terms.
struct SegmentSearch {
    private static let window = 4096

    private struct TermState {
        var cursor: PostingCursor
        /// For exact scores, after the first walk.
        let list: PostingList
        /// Of the query's term, (k1 + 1) included.
        let factor: Float
        let weight: Double
        /// No more than this anywhere in the window.
        var bound: Float = 0
    }

    private let part: LiveSegment
    private let average: Double
    private let terms: UnsafeMutablePointer<TermState>
    private let termCount: Int
    /// Numbers of the terms by their bound in the window, lowest first.
    private let order: UnsafeMutablePointer<Int>
    private let sums: UnsafeMutablePointer<Float>
    private let bounds: [Float]
    private let allowed: [UInt64]?
    private var candidates: [(slot: UInt32, score: Float)] = []

    static func run(
        _ query: LexicalQuery, in part: LiveSegment, average: Double, allowed: [UInt32]?,
        contest: inout Contest, cost: inout LexicalCost
    ) {
        var states: [TermState] = []
        for term in query.terms {
            guard let list = part.segment.postingList(of: term.stem) else { continue }
            states.append(
                TermState(
                    cursor: PostingCursor(list), list: list,
                    factor: Float(term.weight * (BM25.k1 + 1)), weight: term.weight))
        }
        defer { for state in states { state.cursor.deallocate() } }
        guard !states.isEmpty else { return }
        states.withUnsafeMutableBufferPointer { states in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: window) { sums in
                sums.initialize(repeating: 0)
                withUnsafeTemporaryAllocation(of: Int.self, capacity: states.count) { order in
                    _ = order.initialize(from: states.indices)
                    var search = SegmentSearch(
                        part: part, average: average, terms: states.baseAddress!,
                        termCount: states.count, order: order.baseAddress!,
                        sums: sums.baseAddress!,
                        bounds: Impact.bounds(
                            written: part.segment.averageLength, now: average),
                        allowed: allowed.map { Self.bits($0, count: part.segment.count) })
                    if let allowed, search.isFewer(allowed) {
                        search.candidates = allowed.map { ($0, .infinity) }
                    } else {
                        search.walk(contest: &contest, cost: &cost)
                    }
                    search.score(into: &contest, cost: &cost)
                }
            }
        }
    }

    private init(
        part: LiveSegment, average: Double, terms: UnsafeMutablePointer<TermState>,
        termCount: Int, order: UnsafeMutablePointer<Int>, sums: UnsafeMutablePointer<Float>,
        bounds: [Float], allowed: [UInt64]?
    ) {
        self.part = part
        self.average = average
        self.terms = terms
        self.termCount = termCount
        self.order = order
        self.sums = sums
        self.bounds = bounds
        self.allowed = allowed
    }

    private static func bits(_ slots: [UInt32], count: Int) -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: count / 64 + 1)
        for slot in slots { bits[Int(slot >> 6)] |= 1 << UInt64(slot & 63) }
        return bits
    }

    /// Whether looking up each allowed passage costs less than adding up postings: a look-up unpacks
    /// a block in the worst case.
    private func isFewer(_ allowed: [UInt32]) -> Bool {
        var postings = 0
        var lookups = 0
        for term in 0..<termCount {
            postings += terms[term].list.count
            lookups += min(allowed.count * 64, terms[term].list.count)
        }
        return lookups < postings / 2
    }

    // MARK: Windows

    private mutating func walk(contest: inout Contest, cost: inout LexicalCost) {
        let count = UInt32(part.segment.count)
        var start: UInt32 = 0
        while start < count {
            let end = min(start + UInt32(Self.window), count)
            let essential = divide(from: start, to: end, threshold: contest.threshold)
            let before = cost.postings
            if essential < termCount {
                for place in essential..<termCount {
                    add(&terms[order[place]], from: start, to: end, cost: &cost)
                }
            }
            if cost.postings > before {
                sweep(from: start, to: end, essential: essential, contest: &contest, cost: &cost)
            }
            start = end
        }
    }

    /// Orders the terms by their bounds in the window; returns the place of the first that must be
    /// added up, `termCount` where nothing in the window can win.
    private func divide(from start: UInt32, to end: UInt32, threshold: Float) -> Int {
        for term in 0..<termCount {
            terms[term].bound = bound(of: terms[term], from: start, to: end)
        }
        // By insertion: from window to window little changes.
        for place in 1..<max(termCount, 1) {
            let term = order[place]
            var target = place
            while target > 0, terms[order[target - 1]].bound > terms[term].bound {
                order[target] = order[target - 1]
                target -= 1
            }
            order[target] = term
        }
        var sum: Float = 0
        for place in 0..<termCount {
            sum += terms[order[place]].bound
            if sum >= threshold && sum > 0 { return place }
        }
        return termCount
    }

    private func bound(of term: TermState, from start: UInt32, to end: UInt32) -> Float {
        let list = term.list
        var block = list.block(reaching: start, from: term.cursor.block)
        var impact: UInt8 = 0
        while block < list.blockCount {
            impact = max(impact, list.impact(ofBlock: block))
            if list.lastSlot(ofBlock: block) >= end - 1 { break }
            block += 1
        }
        return impact == 0 ? 0 : term.factor / Float(BM25.k1 + 1) * bounds[Int(impact)]
    }

    /// Adds up a term's weights in the window.
    @inline(__always)
    private func add(
        _ term: inout TermState, from start: UInt32, to end: UInt32, cost: inout LexicalCost
    ) {
        let constant = Float(BM25.k1 * (1 - BM25.b))
        let slope = Float(BM25.k1 * BM25.b / average)
        let lengths = part.segment.lengths
        let factor = term.factor
        while term.cursor.load(blockReaching: start) {
            let slots = term.cursor.slots
            let extras = term.cursor.extras()
            let length = term.cursor.length
            var position = term.cursor.position
            while position < length, slots[position] < start { position += 1 }
            let first = position
            while position < length {
                let slot = slots[position]
                // Also what a damaged list may hold stays within the window.
                let offset = slot &- start
                guard offset < end - start else { break }
                let frequency = Float(extras[position] &+ 1)
                let saturation = constant + slope * Float(lengths[Int(slot)])
                sums[Int(offset)] += factor * frequency / (frequency + saturation)
                position += 1
            }
            cost.postings += position - first
            term.cursor.position = position
            guard position == length else { return }
            term.cursor.advanceBlock()
            if term.cursor.isAtEnd { return }
        }
    }

    /// Finds the passages of the window that may win, and clears the sums.
    private mutating func sweep(
        from start: UInt32, to end: UInt32, essential: Int, contest: inout Contest,
        cost: inout LexicalCost
    ) {
        var others: Float = 0
        for place in 0..<essential { others += terms[order[place]].bound }
        let sums = UnsafeMutableRawPointer(sums)
        for offset in stride(from: 0, to: Int(end - start), by: 8) {
            let eight = sums.loadUnaligned(fromByteOffset: offset * 4, as: SIMD8<Float>.self)
            // Most are zero, or too low together with all that the other terms could add.
            let lowest = max(contest.threshold - others, .leastNonzeroMagnitude)
            if eight.max() >= lowest {
                for lane in 0..<8 where eight[lane] >= lowest {
                    consider(
                        start + UInt32(offset + lane), eight[lane], others, essential, &contest,
                        &cost)
                }
            }
            sums.storeBytes(of: .zero, toByteOffset: offset * 4, as: SIMD8<Float>.self)
        }
    }

    private mutating func consider(
        _ slot: UInt32, _ sum: Float, _ others: Float, _ essential: Int,
        _ contest: inout Contest, _ cost: inout LexicalCost
    ) {
        if part.deletions?.contains(slot) == true { return }
        if let allowed, allowed[Int(slot >> 6)] >> UInt64(slot & 63) & 1 == 0 { return }
        var score = sum
        var rest = others
        for place in stride(from: essential - 1, through: 0, by: -1) {
            guard score + rest >= contest.threshold else { return }
            let term = order[place]
            rest -= terms[term].bound
            let frequency = terms[term].cursor.frequency(in: slot)
            guard frequency > 0 else { continue }
            cost.postings += 1
            let saturation =
                Float(BM25.k1 * (1 - BM25.b))
                + Float(BM25.k1 * BM25.b / average) * Float(part.segment.length(at: Int(slot)))
            score += terms[term].factor * Float(frequency) / (Float(frequency) + saturation)
        }
        guard score >= contest.threshold else { return }
        contest.note(score)
        candidates.append((slot, score))
    }

    // MARK: Exact scores

    private func score(into contest: inout Contest, cost: inout LexicalCost) {
        var cursors = (0..<termCount).map { PostingCursor(terms[$0].list) }
        defer { for cursor in cursors { cursor.deallocate() } }
        let segment = part.segment
        for (slot, approximate) in candidates where approximate >= contest.threshold {
            if part.deletions?.contains(slot) == true { continue }
            let saturation = BM25.saturation(
                length: segment.length(at: Int(slot)), average: average)
            var score = 0.0
            for term in 0..<termCount {
                let frequency = cursors[term].frequency(in: slot)
                if frequency > 0 {
                    score += BM25.score(
                        weight: terms[term].weight, frequency: Int(frequency),
                        saturation: saturation)
                }
            }
            guard score > 0 else { continue }
            cost.scored += 1
            contest.add(LexicalMatch(key: segment.key(at: Int(slot)), score: score))
        }
    }
}
