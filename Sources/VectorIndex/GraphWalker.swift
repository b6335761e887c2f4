import CVectorKernels
import VectorMath

/// Searches a graph on one thread: algorithms 2 and 5 of Malkov and Yashunin ("Efficient and robust
/// approximate nearest neighbor search using Hierarchical Navigable Small World graphs", 2018).
///
/// It holds only scratch memory. The graph and the rows are passed to each call, since a builder's
/// arrays move.
final class GraphWalker {
    let query: QueryVector
    /// The result of the last walk, nearest first.
    var pool = CandidatePool()
    var statistics = SearchStatistics()

    var visited = VisitedSet()
    /// The frontier of a walk by estimates.
    var queue = EstimateQueue()
    private var neighborEstimates: NeighborEstimates?
    private let slots = AlignedArray<UInt32>(repeating: 0, count: maximumDegree)
    private let integers = AlignedArray<Int32>(repeating: 0, count: maximumDegree)
    private let distances = AlignedArray<Float>(repeating: 0, count: maximumDegree)
    /// The distances of the nodes that a scan has scored, in the scan's order.
    private var scanned = AlignedArray<Float>()

    /// The greatest length of a list of links, and the most rows scored at once.
    static let maximumDegree = 256

    init(dimensions: Int) { query = QueryVector(dimensions: dimensions) }

    /// Algorithm 5: descends greedily from the top, then walks layer 0 with `ef` candidates, which
    /// are left in `pool`.
    func search(_ graph: GraphLayers, _ rows: VectorRows, ef: Int) {
        if let start = bottomEntry(graph, rows) {
            walk(graph.bottomLevel, rows, from: start, ef: ef)
        } else {
            pool.reset(limit: ef)
        }
    }

    /// The slot of layer 0 where greedy descent ends; `nil` in an empty graph.
    func bottomEntry(_ graph: GraphLayers, _ rows: VectorRows) -> UInt32? {
        switch graph.entry {
        case .empty: nil
        case .bottom(let slot): slot
        case .upper(let ordinal, let level):
            graph.slots[Int(descend(graph, rows, from: ordinal, level: level, to: 0))]
        }
    }

    /// Descends from layer `level` to layer `target` + 1, with walks of one candidate, and returns
    /// the node where the last one ends.
    func descend(
        _ graph: GraphLayers, _ rows: VectorRows, from ordinal: UInt32, level: Int, to target: Int
    ) -> UInt32 {
        var nearest = ordinal
        for level in stride(from: level, to: target, by: -1) {
            walk(graph.layer(level), rows, from: nearest, ef: 1)
            nearest = pool.node(at: 0)
        }
        return nearest
    }

    /// Algorithm 2: expands the nearest unexpanded candidate until the `ef` nearest nodes found are
    /// expanded.
    func walk(_ layer: GraphLayers.Layer, _ rows: VectorRows, from entry: UInt32, ef: Int) {
        pool.reset(limit: ef)
        visited.reserve(layer.count)
        offer(visit([entry], in: layer, rows), in: layer, rows)
        while let node = pool.next() {
            if let upcoming = pool.upcoming { layer.prefetchLinks(of: upcoming) }
            offer(visit(neighborsOf: node, in: layer, rows), in: layer, rows)
        }
        visited.removeAll()
    }

    /// The neighbors of a node that have not been visited before.
    @inline(__always)
    private func visit(
        neighborsOf node: UInt32, in layer: GraphLayers.Layer, _ rows: VectorRows
    ) -> UnsafeBufferPointer<UInt32> {
        statistics.hops += 1
        guard let links = layer.links(of: node) else { return .init(start: nil, count: 0) }
        // A value that is not a node ends the list; so does a damaged link.
        return visited.insertNew(links, count: layer.degree, below: layer.count)
    }

    private func visit(_ nodes: [UInt32], in layer: GraphLayers.Layer, _ rows: VectorRows)
        -> UnsafeBufferPointer<UInt32>
    {
        nodes.withUnsafeBufferPointer {
            guard let base = $0.baseAddress else { return .init(start: nil, count: 0) }
            return visited.insertNew(base, count: $0.count, below: layer.count)
        }
    }

    /// Scores at most `maximumDegree` nodes and offers them to the pool.
    @inline(__always)
    func offer(
        _ nodes: UnsafeBufferPointer<UInt32>, in layer: GraphLayers.Layer, _ rows: VectorRows
    ) {
        guard let base = nodes.baseAddress, !nodes.isEmpty else { return }
        let distances = score(nodes, in: layer, rows)
        for i in 0..<nodes.count where pool.insert(distances[i], base[i]) {
            layer.prefetchLinks(of: base[i])
        }
    }

    /// The distances of at most `maximumDegree` nodes; valid until the next call.
    @inline(__always)
    private func score(
        _ nodes: UnsafeBufferPointer<UInt32>, in layer: GraphLayers.Layer, _ rows: VectorRows
    ) -> UnsafePointer<Float> {
        var ids = nodes.baseAddress!
        if layer.level > 0 {
            for i in 0..<nodes.count { slots.pointer[i] = layer.slot(of: nodes[i]) }
            ids = UnsafePointer(slots.pointer)
        }
        rows.distances(
            from: query, to: ids, count: nodes.count, integers: integers.pointer,
            into: distances.pointer)
        statistics.distances += nodes.count
        return UnsafePointer(distances.pointer)
    }

    /// Scores all of `nodes` and returns the best `limit` of them, nearest first.
    func best(
        _ limit: Int, of nodes: [UInt32], in layer: GraphLayers.Layer, _ rows: VectorRows
    ) -> [NeighborSelection.Candidate] {
        pool.reset(limit: limit)
        scanned.removeAll()
        scanned.reserve(nodes.count)
        eachPiece(of: nodes) { piece in
            guard let base = piece.baseAddress else { return }
            let distances = score(piece, in: layer, rows)
            scanned.append(contentsOf: UnsafeBufferPointer(start: distances, count: piece.count))
            for i in 0..<piece.count { pool.insert(distances[i], base[i]) }
        }
        return pool.candidates
    }

    /// The nodes just scored by `best` that may be among the best by exact scores, given the error
    /// of the codes; unsorted.
    func scanned(_ nodes: [UInt32], _ error: CodeError, scale: (UInt32) -> Float)
        -> [NeighborSelection.Candidate]
    {
        var contenders: [NeighborSelection.Candidate] = []
        let distances = scanned.pointer
        for (i, node) in nodes.enumerated()
        where error.mayPrecede(distances[i], scale: scale(node)) {
            contenders.append(.init(distance: distances[i], node: node))
        }
        return contenders
    }

    /// Offers any number of nodes that are not in the pool.
    func offerAll(_ nodes: [UInt32], in layer: GraphLayers.Layer, _ rows: VectorRows) {
        eachPiece(of: nodes) { offer($0, in: layer, rows) }
    }

    private func eachPiece(of nodes: [UInt32], _ body: (UnsafeBufferPointer<UInt32>) -> Void) {
        nodes.withUnsafeBufferPointer { nodes in
            for start in stride(from: 0, to: nodes.count, by: Self.maximumDegree) {
                let end = min(nodes.count, start + Self.maximumDegree)
                body(UnsafeBufferPointer(rebasing: nodes[start..<end]))
            }
        }
    }

    /// Made by the first walk that needs it.
    func estimates(for layout: NeighborCodes.Layout) -> NeighborEstimates {
        if let neighborEstimates { return neighborEstimates }
        let made = NeighborEstimates(layout)
        neighborEstimates = made
        return made
    }

    func emptyPool(limit: Int) { pool.reset(limit: limit) }

    /// A walk that expands any node but keeps only those that `accepts` allows: the `ef` nearest of
    /// these, nearest first.
    ///
    /// `nil` if it takes more than `budget` distances, or progresses too slowly: if it has spent an
    /// eighth of the budget more than the share for what it has found. So a walk among nodes that
    /// do not match costs little more than that eighth.
    func search(
        _ graph: GraphLayers, _ rows: VectorRows, ef: Int, budget: Int,
        accepting accepts: (UInt32) -> Bool
    ) -> [NeighborSelection.Candidate]? {
        guard let start = bottomEntry(graph, rows) else { return [] }
        let layer = graph.bottomLevel
        let before = statistics.distances
        // The nodes to expand. The pool cannot hold them, since it takes accepted nodes only.
        var frontier = Frontier()
        pool.reset(limit: ef)
        visited.reserve(layer.count)
        defer { visited.removeAll() }
        var fresh = visit([start], in: layer, rows)
        while true {
            if !fresh.isEmpty {
                let distances = score(fresh, in: layer, rows)
                for (i, node) in fresh.enumerated() where distances[i] <= pool.bound {
                    frontier.insert(distances[i], node)
                    if accepts(node) { pool.insert(distances[i], node) }
                }
            }
            guard let nearest = frontier.removeNearest(), nearest.distance <= pool.bound else {
                return pool.candidates
            }
            let allowed = budget / 8 + budget / ef * pool.count
            guard statistics.distances - before < min(budget, allowed) else { return nil }
            fresh = visit(neighborsOf: nearest.node, in: layer, rows)
        }
    }
}
