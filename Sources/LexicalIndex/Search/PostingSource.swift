/// Numbered passages and, for each term, those that contain it: what a search by BM25 reads.
///
/// A segment without its deleted passages is one (``LiveSegment``), and so are the blocks that a query has
/// read from a database (``PostingBlocks``). A search asks for what concerns every posting once, at its
/// start, so that it is as fast as if it knew only one of them.
protocol PostingSource {
    /// The number of slots. They number the passages from 0 in the order of their keys.
    var slotCount: Int { get }

    /// The number of words of each passage, by slot.
    var lengths: LengthColumn { get }

    /// The mean length that the impacts of the lists refer to (see ``Impact``).
    var averageLength: Double { get }

    /// Passages that must not be found; `nil` if there are none.
    var deletions: DeletedSlots? { get }

    /// Where a term occurs; `nil` if it does not. Valid as long as the source is.
    func postingList(of term: [UInt8]) -> PostingList?

    func key(at slot: Int) -> Int64

    /// The slots of those of the ascending `keys` that are in the source.
    func slots(of keys: [Int64]) -> [UInt32]
}

extension LiveSegment: PostingSource {
    var slotCount: Int { segment.count }
    var lengths: LengthColumn { segment.lengths }
    var averageLength: Double { segment.averageLength }

    func postingList(of term: [UInt8]) -> PostingList? { segment.postingList(of: term) }

    func key(at slot: Int) -> Int64 { segment.key(at: slot) }

    func slots(of keys: [Int64]) -> [UInt32] { segment.keys.slots(of: keys) }
}

extension LexicalQuery {
    /// The best passages of several sources by BM25: best first, ties by key; fewer than `limit` only if no
    /// more match. The one search of all stores.
    ///
    /// - Parameters:
    ///   - sources: of which no two have a passage in common.
    ///   - average: the mean number of words of all passages of the collection.
    ///   - allowed: keys, ascending, of the passages that may be found; `nil` for all.
    func search(
        _ sources: [some PostingSource], limit: Int, average: Double, allowed: [Int64]? = nil,
        scoring: BM25
    ) -> (hits: [ScoredKey], cost: LexicalCost) {
        guard limit > 0, !terms.isEmpty else { return ([], LexicalCost()) }
        var contest = Contest(limit: limit)
        var cost = LexicalCost()
        for source in sources {
            let slots = allowed.map { source.slots(of: $0) }
            if slots?.isEmpty == true { continue }
            PostingSearch.run(
                self, in: source, scoring: scoring, average: average, allowed: slots,
                contest: &contest, cost: &cost)
        }
        return (contest.winners, cost)
    }
}
