import HeapModule

/// A search by words in blocks that a store reads for it, and reads no more of than can matter.
///
///     store: summaries of all blocks of the query's terms, bytes of the small ones
///       -> terms and their weights -> what the known postings score already -> blocks that can still win
///     store: their bytes
///       -> BM25 of every passage that can be in the result, to the last digit
///
/// A block is left out only if none of its passages can reach the best ones found so far, whatever else it
/// contains: its own bound, those of other terms' unread blocks over the same keys, and the best that is
/// known of any passage there fall short together. So every passage of the result is scored with all of
/// its terms.
package struct BlockSearch {
    /// A row of the store's table.
    package struct Row: Sendable {
        /// See ``TermKey``.
        package let term: [UInt8]
        package let summary: PostingBlockSummary
        /// `nil` if they have not been read.
        package let bytes: [UInt8]?
        /// Whether the block tells which passages have been deleted since their postings were written.
        package let isGone: Bool

        package init(
            term: [UInt8], summary: PostingBlockSummary, bytes: [UInt8]?, isGone: Bool = false
        ) {
            self.term = term
            self.summary = summary
            self.bytes = bytes
            self.isGone = isGone
        }
    }

    /// A block whose bytes are no postings.
    package struct Damage: Error, Equatable {
        package let term: [UInt8]
        /// The first passage's key.
        package let block: Int64
    }

    /// The name of a block.
    package struct Name: Hashable, Sendable {
        package let term: [UInt8]
        /// The first passage's key.
        package let block: Int64

        package init(term: [UInt8], block: Int64) { (self.term, self.block) = (term, block) }
    }

    private struct Block {
        let summary: PostingBlockSummary
        /// An upper bound as an impact for the average length now, of the standard parameters.
        let ceiling: UInt8
        /// An upper bound on the term's score in any of its passages.
        let bound: Double
        /// `nil` if they have not been read; without those that are gone.
        var postings: KeyedPostings?
    }

    private struct Term {
        let stem: [UInt8]
        let key: [UInt8]
        let weight: Double
        let gone: Set<Int64>
        /// By their first passages.
        var blocks: [Block]

        var unread: [Block] { blocks.filter { $0.postings == nil } }
    }

    private let query: LexicalQuery
    private let scoring: BM25
    private let average: Double
    private var terms: [Term]

    /// The keys of a query's terms, for the first statement.
    package static func keys(of text: String) -> [[UInt8]] {
        LexicalQuery.stems(of: text).map(TermKey.of)
    }

    /// - Parameters:
    ///   - passages: the number of passages of the collection.
    ///   - words: the number of words in them.
    ///   - rows: all blocks of the query's terms, in any order. Those of passages that are gone have bytes.
    /// - Throws: ``Damage``.
    package init(
        _ text: String, passages: Int, words: Int, rows: [Row], scoring: BM25 = .standard
    ) throws(Damage) {
        let average = BM25.average(length: words, passages: passages)
        let byTerm = Dictionary(grouping: rows, by: \.term)
        query = LexicalQuery(text, passageCount: passages) { stem in
            byTerm[TermKey.of(stem), default: []].reduce(0) {
                $0 + ($1.isGone ? -$1.summary.count : $1.summary.count)
            }
        }
        self.scoring = scoring
        self.average = average
        var bounds = BlockBounds(average: average, scoring: scoring)
        terms = []
        for term in query.terms {
            let key = TermKey.of(term.stem)
            let rows = byTerm[key, default: []]
            var gone: Set<Int64> = []
            for row in rows where row.isGone { gone.formUnion(try Self.postings(of: row).keys) }
            var blocks: [Block] = []
            for row in rows.sorted(by: { $0.summary.first < $1.summary.first }) where !row.isGone {
                let (bound, ceiling) = bounds.of(row.summary)
                blocks.append(
                    Block(
                        summary: row.summary, ceiling: ceiling, bound: term.weight * bound,
                        postings: row.bytes == nil
                            ? nil : try Self.postings(of: row).without(gone)))
            }
            terms.append(
                Term(
                    stem: term.stem, key: key, weight: term.weight, gone: gone, blocks: blocks))
        }
    }

    private static func postings(of row: Row) throws(Damage) -> KeyedPostings {
        guard let bytes = row.bytes,
            let postings = PostingBlock(row.summary, bytes: bytes).postings()
        else { throw Damage(term: row.term, block: row.summary.first) }
        return postings
    }

    /// Takes in blocks that have been read; others are ignored.
    ///
    /// - Throws: ``Damage``.
    package mutating func add(_ bytes: [Name: [UInt8]]) throws(Damage) {
        for term in terms.indices {
            for index in terms[term].blocks.indices {
                let summary = terms[term].blocks[index].summary
                guard terms[term].blocks[index].postings == nil,
                    let bytes = bytes[Name(term: terms[term].key, block: summary.first)]
                else { continue }
                terms[term].blocks[index].postings =
                    try Self.postings(
                        of: Row(term: terms[term].key, summary: summary, bytes: bytes)
                    ).without(terms[term].gone)
            }
        }
    }

    /// The best passages of those that have been read: of the whole collection if ``unread(for:)`` named none
    /// for this limit. Best first, ties by key; fewer than `limit` only if no more match.
    package func search(limit: Int) -> (hits: [ScoredKey], cost: LexicalCost) {
        let known = terms.map { term in
            let (postings, ceilings) = Self.join(term.blocks)
            return PostingBlocks.Term(stem: term.stem, postings: postings, ceilings: ceilings)
        }
        return query.search(
            [PostingBlocks(known, average: average)], limit: limit, average: average,
            scoring: scoring)
    }

    /// What has been read of a term, in the order of keys.
    private static func join(_ blocks: [Block]) -> (KeyedPostings, ceilings: [UInt8]) {
        var all = KeyedPostings()
        var ceilings: [UInt8] = []
        var last = Int64.min
        var isSorted = true
        for block in blocks {
            guard let postings = block.postings else { continue }
            isSorted = isSorted && block.summary.first > last
            last = block.summary.last
            all.append(postings)
            ceilings += repeatElement(block.ceiling, count: postings.count)
        }
        if isSorted { return (all, ceilings) }
        // Blocks of writers that wrote at the same time overlap; their bounds are not told apart then.
        let sorted = all.sorted()
        return (sorted, [UInt8](repeating: ceilings.max() ?? 255, count: sorted.count))
    }

    // MARK: What to read

    /// A margin for the rounding of sums.
    private static let slack = 1e-9

    /// The blocks without which the best passages cannot be told.
    ///
    /// - Parameter limit: the number of passages wanted; `nil` for all that match.
    package func unread(for limit: Int?) -> [Name] {
        let open = terms.flatMap { term in
            term.unread.map { (name: Name(term: term.key, block: $0.summary.first), term, $0) }
        }
        guard let limit, !open.isEmpty else { return open.map(\.name) }
        let known = KnownScores(
            terms.map { ($0.weight, Self.join($0.blocks).0) }, scoring: scoring, average: average)
        let least = known.best(limit) * (1 - Self.slack)
        if least <= 0 { return open.map(\.name) }
        let spans = terms.map { BoundSpans($0.unread.map { ($0.summary, $0.bound) }) }
        return open.compactMap { name, term, block in
            var most = block.bound + known.highest(in: block.summary)
            for (other, span) in zip(terms, spans) where other.stem != term.stem {
                most += span.highest(over: block.summary)
            }
            return most >= least ? name : nil
        }
    }
}

/// Upper bounds of blocks, which may have been written when the mean length was another.
private struct BlockBounds {
    let average: Double
    let scoring: BM25
    private var tables: [Int: (scores: [Float], standard: [Float])] = [:]

    init(average: Double, scoring: BM25) { (self.average, self.scoring) = (average, scoring) }

    /// - Returns: the most that a term of weight 1 scores in the block, and that by the standard parameters
    ///   as an impact.
    mutating func of(_ block: PostingBlockSummary) -> (score: Double, ceiling: UInt8) {
        let written = Double(max(block.average, 1))
        let table =
            tables[block.average]
            ?? (
                scores: Impact.bounds(written: written, now: average, scoring: scoring),
                standard: Impact.bounds(written: written, now: average)
            )
        tables[block.average] = table
        let index = Int(block.maximumWeight)
        let part = Double(table.standard[index]) / (BM25.standard.k1 + 1)
        return (Double(table.scores[index]), UInt8(min(255, (part * 255 + 1e-6).rounded(.up))))
    }
}

/// What the postings that have been read add up to.
private struct KnownScores {
    private let passages: PassageNumbers
    private let sums: [Double]
    /// The highest sum of each run of slots.
    private let peaks: [Double]

    private static let run = 64

    init(_ terms: [(weight: Double, postings: KeyedPostings)], scoring: BM25, average: Double) {
        passages = PassageNumbers(terms.map(\.postings.keys))
        var sums = [Double](repeating: 0, count: passages.count)
        for (weight, postings) in terms {
            let slots = passages.slots(of: postings.keys)
            for (index, slot) in slots.enumerated() {
                sums[Int(slot)] += scoring.score(
                    weight: weight, frequency: Int(postings.frequencies[index]),
                    saturation: scoring.saturation(
                        length: Int(postings.lengths[index]), average: average))
            }
        }
        self.sums = sums
        peaks = stride(from: 0, to: sums.count, by: Self.run).map {
            sums[$0..<min($0 + Self.run, sums.count)].max() ?? 0
        }
    }

    /// The `count`-th highest; 0 if there are not so many.
    func best(_ count: Int) -> Double {
        guard count > 0, count <= sums.count else { return 0 }
        var best = Heap<Double>()
        for sum in sums {
            if best.count < count {
                best.insert(sum)
            } else if let lowest = best.min, sum > lowest {
                best.replaceMin(with: sum)
            }
        }
        return best.min ?? 0
    }

    /// The highest among the passages of a block's range.
    func highest(in block: PostingBlockSummary) -> Double {
        var slot = passages.slot(reaching: block.first)
        let end = passages.slot(reaching: block.last &+ 1, from: slot)
        var highest = 0.0
        while slot < end {
            if slot % Self.run == 0, slot + Self.run <= end {
                highest = max(highest, peaks[slot / Self.run])
                slot += Self.run
            } else {
                highest = max(highest, sums[slot])
                slot += 1
            }
        }
        return highest
    }
}

/// The bounds of a term's unread blocks over ranges of keys, which may overlap.
private struct BoundSpans {
    /// By their first keys.
    private let blocks: [(summary: PostingBlockSummary, bound: Double)]
    /// The last key of each block and those before it.
    private let reaches: [Int64]

    init(_ blocks: [(summary: PostingBlockSummary, bound: Double)]) {
        self.blocks = blocks
        var reach = Int64.min
        reaches = blocks.map { block in
            reach = max(reach, block.summary.last)
            return reach
        }
    }

    /// The highest bound of those that a block shares keys with; 0 if there are none.
    func highest(over other: PostingBlockSummary) -> Double {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].summary.first <= other.last {
                low = middle + 1
            } else {
                high = middle
            }
        }
        var highest = 0.0
        while low > 0, reaches[low - 1] >= other.first {
            low -= 1
            if blocks[low].summary.overlaps(other) { highest = max(highest, blocks[low].bound) }
        }
        return highest
    }
}
