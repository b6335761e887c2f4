import VectorMath

/// Chooses diverse neighbours: Malkov & Yashunin's algorithm 4, without its extensions.
///
/// Going from near to far, a candidate is kept if it is nearer to the node than to every neighbour
/// already kept: one link per direction rather than many into the same crowd.
final class NeighbourSelection {
    private let candidateQuery: QueryVector
    private let integers = AlignedArray<Int32>(repeating: 0, count: GraphWalker.maximumDegree)
    private let distances = AlignedArray<Float>(repeating: 0, count: GraphWalker.maximumDegree)
    private let keptSlots = AlignedArray<UInt32>(repeating: 0, count: GraphWalker.maximumDegree)
    /// Kept rows are compared this many at a time: the nearest usually decide.
    private static let step = 8

    init(dimensions: Int) { candidateQuery = QueryVector(dimensions: dimensions) }

    struct Candidate {
        var distance: Float
        var node: UInt32

        /// Nearest first, then by node.
        static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            a.distance < b.distance || (a.distance == b.distance && a.node < b.node)
        }
    }

    /// At most `limit` of `candidates`, which are sorted nearest first, in that order.
    func select(
        _ candidates: [Candidate], limit: Int, in layer: GraphLayers.Layer, _ rows: VectorRows
    ) -> [Candidate] {
        var kept: [Candidate] = []
        kept.reserveCapacity(limit)
        for candidate in candidates {
            if kept.count == limit { break }
            let slot = layer.slot(of: candidate.node)
            guard isDiverse(candidate, slot: slot, kept: kept.count, rows) else { continue }
            keptSlots.pointer[kept.count] = slot
            kept.append(candidate)
        }
        return kept
    }

    private func isDiverse(_ candidate: Candidate, slot: UInt32, kept: Int, _ rows: VectorRows)
        -> Bool
    {
        if kept == 0 { return true }
        candidateQuery.load(row: slot, of: rows)
        for start in stride(from: 0, to: kept, by: Self.step) {
            let count = min(Self.step, kept - start)
            rows.distances(
                from: candidateQuery, to: keptSlots.pointer + start, count: count,
                integers: integers.pointer, into: distances.pointer)
            for i in 0..<count where distances.pointer[i] < candidate.distance { return false }
        }
        return true
    }
}
