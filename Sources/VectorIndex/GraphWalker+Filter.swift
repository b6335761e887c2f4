import HeapModule
import VectorMath

extension GraphWalker {
    /// A walk that passes through every node but keeps only those that `accepts` lets through: the
    /// `ef` nearest of them, nearest first; nil where it would take more than `budget` distances.
    func search(
        _ graph: GraphLayers, _ rows: VectorRows, ef: Int, budget: Int,
        accepting accepts: (UInt32) -> Bool
    ) -> [NeighbourSelection.Candidate]? {
        let layer = graph.bottomLevel
        let start: UInt32
        switch graph.entry {
        case .empty: return []
        case .bottom(let slot): start = slot
        case .upper(let ordinal, let level):
            start = graph.slots[Int(descend(graph, rows, from: ordinal, level: level, to: 0))]
        }
        emptyPool(limit: ef)
        // Nodes to expand, which the pool cannot hold: those on the way need not be accepted.
        var frontier = Heap<UInt64>()
        let limit = statistics.distances + budget
        beginWalk(layer)
        defer { endWalk() }
        var fresh = collect(start)
        while true {
            scoreOnly(fresh, in: layer, rows)
            for i in 0..<fresh {
                let (distance, node) = scored(i)
                if distance < pool.bound {
                    frontier.insert(CandidatePool.entry(distance, node))
                    if accepts(node) { keep(distance, node) }
                }
            }
            guard let nearest = frontier.popMin(),
                CandidatePool.distance(nearest) <= pool.bound
            else { return pool.candidates }
            guard statistics.distances < limit else { return nil }
            fresh = collectUnvisited(neighboursOf: CandidatePool.node(nearest), in: layer, rows)
        }
    }
}
