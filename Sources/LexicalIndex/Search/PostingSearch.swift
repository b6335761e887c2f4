/// Searches one source of postings.
///
/// Passages are processed in windows of slots. In each window the terms are divided as in MaxScore
/// (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995), by upper bounds for
/// that window from the blocks' impacts (Ding and Suel, "Faster top-k document retrieval using
/// block-max indexes", 2011). The postings of the essential terms are added up, one term after
/// another, in an array indexed by slot (`add`). The other terms, which even together cannot lift a
/// passage into the result, are evaluated only for passages that come close to it (`refine`). The
/// cost of a search is proportional to the postings added up, plus about a thousandth of the
/// passages.
///
/// All this is in single precision. Passages that may be in the result are then scored exactly, in
/// the order of the query's terms.
struct PostingSearch {
    static let window = 4096
    /// The first windows are small, since the scores found there allow skipping later.
    private static let firstWindow = 512

    struct TermState {
        var cursor: PostingCursor
        /// For the exact scores, after the walk.
        let list: PostingList
        /// The weight of the query's term times (k1 + 1).
        let factor: Float
        let weight: Double
        /// Whether a block of its list spans more than a window, so that many windows have no
        /// posting of it.
        let isSparse: Bool
        /// An upper bound on the term's score in the window.
        var bound: Float = 0

        init(_ list: PostingList, weight: Double, scoring: BM25, passages: Int) {
            cursor = PostingCursor(list)
            self.list = list
            factor = Float(weight * (scoring.k1 + 1))
            self.weight = weight
            isSparse = list.count <= passages / PostingSearch.window * BitPacking.blockLength
        }
    }

    private let source: any PostingSource
    // Of the source, for loops over postings.
    let slotCount: Int
    private let lengths: LengthColumn
    private let deletions: DeletedSlots?

    private let scoring: BM25
    private let average: Double
    /// Saturation is `constant` + `slope` × length.
    private let constant: Float
    private let slope: Float
    /// k1 + 1, the limit of a term's score divided by its weight.
    private let limit: Float
    let terms: UnsafeMutablePointer<TermState>
    let termCount: Int
    /// The terms' indices by their bounds in the window, lowest first.
    let order: UnsafeMutablePointer<Int>
    /// The sums so far, by offset in the window; all zero between windows.
    let sums: UnsafeMutablePointer<Float>
    /// One bit per offset: whether a posting was added and the passage may win; all zero between
    /// windows.
    let touched: UnsafeMutablePointer<UInt64>
    /// The offsets of passages that may win, ascending.
    let near: UnsafeMutablePointer<UInt32>
    /// The bound for each impact (see `Impact.bounds`).
    private let bounds: [Float]
    private let allowed: [UInt64]?
    var candidates: [(slot: UInt32, score: Float)] = []

    static func run(
        _ query: LexicalQuery, in source: any PostingSource, scoring: BM25, average: Double,
        allowed: [UInt32]?, contest: inout Contest, cost: inout LexicalCost
    ) {
        var states: [TermState] = []
        for term in query.terms {
            guard let list = source.postingList(of: term.stem) else { continue }
            states.append(
                TermState(
                    list, weight: term.weight, scoring: scoring, passages: source.slotCount))
        }
        defer { for state in states { state.cursor.deallocate() } }
        guard !states.isEmpty else { return }
        let sums = UnsafeMutablePointer<Float>.allocate(capacity: window)
        let touched = UnsafeMutablePointer<UInt64>.allocate(capacity: window / 64)
        let near = UnsafeMutablePointer<UInt32>.allocate(capacity: window)
        let order = UnsafeMutablePointer<Int>.allocate(capacity: states.count)
        defer {
            sums.deallocate()
            touched.deallocate()
            near.deallocate()
            order.deallocate()
        }
        sums.initialize(repeating: 0, count: window)
        touched.initialize(repeating: 0, count: window / 64)
        near.initialize(repeating: 0, count: window)
        for term in states.indices { (order + term).initialize(to: term) }
        states.withUnsafeMutableBufferPointer { states in
            var search = PostingSearch(
                source: source, scoring: scoring, average: average, terms: states.baseAddress!,
                termCount: states.count, order: order, sums: sums, touched: touched,
                near: near,
                bounds: Impact.bounds(
                    written: source.averageLength, now: average, scoring: scoring),
                allowed: allowed.map { Self.bits($0, count: source.slotCount) })
            if let allowed, search.isFewer(allowed) {
                search.candidates = allowed.map { ($0, .infinity) }
            } else {
                search.raiseFloor(of: &contest)
                search.walk(contest: &contest, cost: &cost)
            }
            search.score(into: &contest, cost: &cost)
        }
    }

    private init(
        source: any PostingSource, scoring: BM25, average: Double,
        terms: UnsafeMutablePointer<TermState>, termCount: Int, order: UnsafeMutablePointer<Int>,
        sums: UnsafeMutablePointer<Float>,
        touched: UnsafeMutablePointer<UInt64>, near: UnsafeMutablePointer<UInt32>,
        bounds: [Float], allowed: [UInt64]?
    ) {
        self.source = source
        slotCount = source.slotCount
        lengths = source.lengths
        deletions = source.deletions
        self.scoring = scoring
        self.average = average
        constant = Float(scoring.k1 * (1 - scoring.b))
        slope = Float(scoring.k1 * scoring.b / average)
        limit = Float(scoring.k1 + 1)
        self.terms = terms
        self.termCount = termCount
        self.order = order
        self.sums = sums
        self.touched = touched
        self.near = near
        self.bounds = bounds
        self.allowed = allowed
    }

    private static func bits(_ slots: [UInt32], count: Int) -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: count / 64 + 1)
        for slot in slots { bits[Int(slot >> 6)] |= 1 << UInt64(slot & 63) }
        return bits
    }

    /// Whether looking up each allowed passage is cheaper than adding up postings. A look-up
    /// unpacks a block in the worst case.
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
        let count = UInt32(slotCount)
        var start: UInt32 = 0
        var size = Self.firstWindow
        while start < count {
            let end = min(start + UInt32(size), count)
            let essential = divide(from: start, to: end, threshold: contest.threshold)
            let before = cost.postings
            if essential < termCount {
                for place in essential..<termCount {
                    add(
                        &terms[order[place]], onlyNear: false, from: start, to: end, cost: &cost)
                }
            }
            if cost.postings > before {
                refine(
                    from: start, to: end, essential: essential, contest: &contest, cost: &cost)
            }
            start = end
            size = min(2 * size, Self.window)
        }
    }

    /// Orders the terms by their bounds in the window, and returns the place of the first essential
    /// one; `termCount` if nothing in the window can win.
    private func divide(from start: UInt32, to end: UInt32, threshold: Float) -> Int {
        for term in 0..<termCount {
            terms[term].bound = bound(of: &terms[term], from: start, to: end)
        }
        // Insertion sort, since little changes from window to window.
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

    private func bound(of term: inout TermState, from start: UInt32, to end: UInt32) -> Float {
        let list = term.list
        if term.isSparse {
            // Its blocks are unpacked anyway, and show whether the window has a posting.
            guard term.cursor.seek(start), term.cursor.slot < end else { return 0 }
        }
        var block = list.block(reaching: start, from: term.cursor.block)
        var impact: UInt8 = 0
        while block < list.blockCount {
            impact = max(impact, list.impact(ofBlock: block))
            if list.lastSlot(ofBlock: block) >= end - 1 { break }
            block += 1
        }
        return impact == 0 ? 0 : bound(of: term, impact: impact)
    }

    @inline(__always)
    func bound(of term: borrowing TermState, impact: UInt8) -> Float {
        term.factor / limit * bounds[Int(impact)]
    }

    /// The score of a term in a passage.
    @inline(__always)
    func score(_ factor: Float, extra: UInt32, at slot: UInt32) -> Float {
        let frequency = Float(extra &+ 1)
        let saturation = constant + slope * Float(lengths[Int(slot)])
        return factor * frequency / (frequency + saturation)
    }

    @inline(__always)
    func isCandidate(_ slot: UInt32) -> Bool {
        if deletions?.contains(slot) == true { return false }
        guard let allowed else { return true }
        return allowed[Int(slot >> 6)] >> UInt64(slot & 63) & 1 != 0
    }

    // MARK: Exact scores

    private func score(into contest: inout Contest, cost: inout LexicalCost) {
        guard candidates.contains(where: { $0.score >= contest.threshold }) else { return }
        var cursors = (0..<termCount).map { PostingCursor(terms[$0].list) }
        defer { for cursor in cursors { cursor.deallocate() } }
        for (slot, approximate) in candidates where approximate >= contest.threshold {
            if deletions?.contains(slot) == true { continue }
            let saturation = scoring.saturation(
                length: lengths[Int(slot)], average: average)
            var score = 0.0
            for term in 0..<termCount {
                let frequency = cursors[term].frequency(in: slot)
                if frequency > 0 {
                    score += scoring.score(
                        weight: terms[term].weight, frequency: Int(frequency),
                        saturation: saturation)
                }
            }
            guard score > 0 else { continue }
            cost.scored += 1
            contest.add(ScoredKey(key: source.key(at: Int(slot)), score: score))
        }
    }
}
