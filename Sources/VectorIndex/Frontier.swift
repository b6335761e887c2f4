import HeapModule

/// The unexpanded nodes of a filtered walk, nearest first, without a limit.
struct Frontier {
    private var heap = Heap<UInt64>()

    mutating func insert(_ distance: Float, _ node: UInt32) {
        heap.insert(CandidatePool.entry(distance, node))
    }

    mutating func removeNearest() -> NeighborSelection.Candidate? {
        heap.popMin().map {
            .init(distance: CandidatePool.distance($0), node: CandidatePool.node($0))
        }
    }
}
