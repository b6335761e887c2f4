import CVectorKernels
import VectorMath

/// Walks a graph for one thread: the search of Malkov & Yashunin's algorithms 2 and 5.
///
/// Memory only; the graph and the rows are passed to each call, since a builder's arrays move.
final class GraphWalker {
    let query: QueryVector
    /// What the last walk found, nearest first.
    private(set) var pool = CandidatePool()
    var statistics = SearchStatistics()

    private var visited = VisitedSet()
    private let ids = AlignedArray<UInt32>(repeating: 0, count: maximumDegree)
    private let nodes = AlignedArray<UInt32>(repeating: 0, count: maximumDegree)
    private let integers = AlignedArray<Int32>(repeating: 0, count: maximumDegree)
    private let distances = AlignedArray<Float>(repeating: 0, count: maximumDegree)

    /// The longest list of links, and the most rows scored at once.
    static let maximumDegree = 256

    init(dimensions: Int) { query = QueryVector(dimensions: dimensions) }

    /// The nearest nodes of layer `level` that greedy descent from the top and a walk with `ef`
    /// candidates find; they are left in `pool`.
    func search(_ graph: GraphLayers, _ rows: VectorRows, ef: Int) {
        switch graph.entry {
        case .empty: pool.reset(limit: ef)
        case .bottom(let slot): walk(graph.bottomLevel, rows, from: slot, ef: ef)
        case .upper(let ordinal, let level):
            let nearest = descend(graph, rows, from: ordinal, level: level, to: 0)
            walk(graph.bottomLevel, rows, from: graph.slots[Int(nearest)], ef: ef)
        }
    }

    /// The node of layer `target` + 1 that walks with one candidate, from the top, arrive at.
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

    /// Algorithm 2: expands the nearest unexpanded candidate until the `ef` nearest are expanded.
    func walk(_ layer: GraphLayers.Layer, _ rows: VectorRows, from entry: UInt32, ef: Int) {
        pool.reset(limit: ef)
        visited.reserve(layer.count)
        visited.prepare(forInsertions: 1)
        _ = visited.insert(entry)
        nodes.pointer[0] = entry
        score(1, in: layer, rows)
        while let node = pool.next() {
            let fresh = collectUnvisited(neighboursOf: node, in: layer, rows)
            if fresh > 0 { score(fresh, in: layer, rows) }
        }
        visited.removeAll()
    }

    /// Puts the neighbours not met before into `nodes`, and starts fetching their rows.
    @inline(__always)
    func collectUnvisited(
        neighboursOf node: UInt32, in layer: GraphLayers.Layer, _ rows: VectorRows
    ) -> Int {
        statistics.hops += 1
        guard let links = layer.links(of: node) else { return 0 }
        visited.prepare(forInsertions: layer.degree)
        var count = 0
        for i in 0..<layer.degree {
            let neighbour = links[i]
            // The end of the list, or a damaged link.
            guard neighbour < layer.count else { break }
            if visited.insert(neighbour) {
                nodes.pointer[count] = neighbour
                count += 1
            }
        }
        return count
    }

    /// Scores the first `count` of `nodes` and offers them to the pool.
    @inline(__always)
    private func score(_ count: Int, in layer: GraphLayers.Layer, _ rows: VectorRows) {
        let nodes = nodes.pointer
        let distances = distances.pointer
        var slots = UnsafePointer(nodes)
        if layer.level > 0 {
            for i in 0..<count { ids.pointer[i] = layer.slot(of: nodes[i]) }
            slots = UnsafePointer(ids.pointer)
        }
        rows.distances(
            from: query, to: slots, count: count, integers: integers.pointer, into: distances)
        statistics.distances += count
        for i in 0..<count {
            if pool.insert(distances[i], nodes[i]), let links = layer.links(of: nodes[i]) {
                vk_prefetch(links)
            }
        }
    }

    /// Offers nodes that no link leads to yet. They are at most `maximumDegree`.
    func offer(_ candidates: ArraySlice<UInt32>, in layer: GraphLayers.Layer, _ rows: VectorRows) {
        var count = 0
        for candidate in candidates {
            nodes.pointer[count] = candidate
            count += 1
        }
        if count > 0 { score(count, in: layer, rows) }
    }

    func emptyPool(limit: Int) { pool.reset(limit: limit) }

    // MARK: The steps of a walk, for walks of another shape

    func beginWalk(_ layer: GraphLayers.Layer) { visited.reserve(layer.count) }

    func endWalk() { visited.removeAll() }

    /// Makes `node` the one node that has been collected.
    func collect(_ node: UInt32) -> Int {
        visited.prepare(forInsertions: 1)
        nodes.pointer[0] = node
        return visited.insert(node) ? 1 : 0
    }

    /// Scores the collected nodes of layer 0 without offering them to the pool.
    func scoreOnly(_ count: Int, in layer: GraphLayers.Layer, _ rows: VectorRows) {
        guard count > 0 else { return }
        rows.distances(
            from: query, to: nodes.pointer, count: count, integers: integers.pointer,
            into: distances.pointer)
        statistics.distances += count
    }

    func scored(_ index: Int) -> (Float, UInt32) {
        (distances.pointer[index], nodes.pointer[index])
    }

    func keep(_ distance: Float, _ node: UInt32) { _ = pool.insert(distance, node) }
}
