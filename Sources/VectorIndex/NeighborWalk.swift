import VectorMath

/// A walk of layer 0 by estimates from `NeighborCodes`: expands the node with the best estimate until
/// the best `limit` are expanded, and computes the distances of these from their 8-bit codes.
///
///     begin -> expand, next, expand, next, ... until next is nil -> end
///
/// Between two nodes other walks may run, while the record of the next node arrives. It holds a
/// walker's memory only while it runs.
struct NeighborWalk {
    let query: QueryVector
    let rows: VectorRows
    let codes: NeighborCodes
    let estimates: NeighborEstimates
    /// Results asked for.
    let k: Int
    var queue: EstimateQueue
    var visited: VisitedSet
    /// The nodes expanded, nearest first.
    var pool: CandidatePool
    var hops = 0
    /// How far behind the `k`-th distance an estimate ends the walk.
    private var margin = Float.infinity

    /// A plain walk is as good for more candidates, and needs less memory.
    static let largestEf = 100_000

    init(
        query: QueryVector, rows: VectorRows, codes: NeighborCodes, estimates: NeighborEstimates,
        k: Int, queue: EstimateQueue, visited: VisitedSet, pool: CandidatePool
    ) {
        (self.query, self.rows, self.codes, self.estimates) = (query, rows, codes, estimates)
        (self.k, self.queue, self.visited, self.pool) = (k, queue, visited, pool)
    }

    /// Expands the first node. The walk will end when no estimate is left within the queue's limit, or
    /// the next one is behind the `k`-th distance by `deviations` standard errors of an estimate.
    mutating func begin(from entry: UInt32, deviations: Float) {
        visited.reserve(rows.count)
        visited.insert(entry)
        expand(entry, prefetching: nil) { _ in }
        queue.sortAgain()
        margin = deviations * standardError(at: entry)
    }

    /// Takes the node to expand next; `nil` at the end.
    @inline(__always)
    mutating func next() -> UInt32? {
        while let (node, estimate) = queue.next() {
            if estimate > farthest { return nil }
            if visited.insert(node) { return node }
        }
        return nil
    }

    /// Walks to the end, with nothing else to do while records arrive.
    mutating func run(from first: UInt32) {
        var node = first
        while true {
            // More nodes become the first for now than are expanded, but each may be the next.
            expand(node, prefetching: queue.upcoming) { [codes] in codes.prefetch($0) }
            guard let next = next() else { return }
            node = next
        }
    }

    /// To be called once no node is left.
    mutating func end() { visited.removeAll() }

    /// What lies behind it is not expanded. It only falls.
    @inline(__always)
    private var farthest: Float {
        pool.count >= k ? pool.distance(at: k - 1) + margin : .infinity
    }

    /// The standard error of estimates from a node, about the same for all nodes near the query:
    /// |q - c| |r| sqrt((pi / 2 - 1) / D) by the theorem of RaBitQ, where f is |r| sqrt(pi / 2 / D).
    private func standardError(at node: UInt32) -> Float {
        let (layout, record) = (codes.layout, codes.record(node))
        let group = record + layout.firstGroup
        let links = group.assumingMemoryBound(to: UInt32.self)
        let slopes = (group + 128).assumingMemoryBound(to: Float.self)
        var (sum, count) = (Float(0), Float(0))
        for lane in 0..<NeighborCodes.lanes where links[lane] < rows.count {
            sum += abs(slopes[lane])
            count += 1
        }
        guard count > 0 else { return 0 }
        let distance = rows.distance(from: query, toRecord: record, layout)
        let squaredNorm = (record + layout.factors).assumingMemoryBound(to: Float.self)[1]
        let squared =
            rows.metric == .euclidean ? distance : query.squaredNorm + squaredNorm + 2 * distance
        let share = ((Float.pi / 2 - 1) / (Float.pi / 2)).squareRoot()
        return share * sum / count * max(0, squared).squareRoot()
    }

    /// Computes a node's distance and estimates those of its neighbors.
    ///
    /// - Parameters:
    ///   - other: a node whose record will be needed after this one; fetched once this one's codes are
    ///     read, since a core has only so many lines of memory on their way.
    ///   - becameFirst: called with each neighbor that is the next to be taken, for now.
    @inline(__always)
    mutating func expand(
        _ node: UInt32, prefetching other: UInt32?, becameFirst: (UInt32) -> Void
    ) {
        hops += 1
        let (codes, layout, record) = (codes, codes.layout, codes.record(node))
        let count = rows.count
        let distance = rows.distance(from: query, toRecord: record, layout)
        if let other { codes.prefetch(other) }
        pool.insert(distance, node)
        let values = UnsafePointer(estimates.values.pointer)
        let (visited, farthest) = (visited.reader, farthest)
        for group in 0..<layout.groups {
            let start = record + layout.firstGroup + group * layout.groupBytes
            let links = start.assumingMemoryBound(to: UInt32.self)
            // A damaged record may hold anything: any number past the last node ends the list.
            guard links[0] < count else { return }
            let good = estimates.estimate(
                start, distance: distance, below: min(queue.bound, farthest), count: count,
                visited: visited)
            queue.insert(good, values, links, becameFirst: becameFirst)
        }
    }
}

extension GraphWalker {
    /// The `ef` with which a walk ends one standard error of an estimate behind the last result.
    private static let efOfOneDeviation: Float = 80

    /// Algorithm 5 with a walk of layer 0 by estimates. The nearest `ef` nodes by their 8-bit codes are
    /// left in `pool`.
    ///
    /// Three times as many estimates are kept, or more if nodes have more than 32 links: a node counts
    /// once for each neighbor that it was estimated from, and some of the nearest seem farther than
    /// they are. More `ef` also allow for greater errors of estimates before the walk ends. So the
    /// recall is about that of `search` with the same `ef`.
    func search(
        _ graph: GraphLayers, _ rows: VectorRows, _ codes: NeighborCodes, k: Int, ef: Int
    ) {
        guard var walk = beginWalk(graph, rows, codes, k: k, ef: ef) else { return }
        if let node = walk.next() { walk.run(from: node) }
        endWalk(&walk)
    }

    /// A walk for the query, which holds this walker's memory until `endWalk`; `nil` in an empty
    /// graph.
    func beginWalk(
        _ graph: GraphLayers, _ rows: VectorRows, _ codes: NeighborCodes, k: Int, ef: Int
    ) -> NeighborWalk? {
        let entry = bottomEntry(graph, rows)
        emptyPool(limit: ef)
        guard let entry else { return nil }
        let estimates = estimates(for: codes.layout)
        estimates.load(query)
        var walk = NeighborWalk(
            query: query, rows: rows, codes: codes, estimates: estimates, k: k, queue: queue,
            visited: visited, pool: pool)
        walk.queue.reset(limit: ef * max(3, graph.m / 6))
        walk.begin(from: entry, deviations: (Float(ef) / Self.efOfOneDeviation).squareRoot())
        return walk
    }

    /// Takes back the memory of a walk, with what it has found.
    func endWalk(_ walk: inout NeighborWalk) {
        walk.end()
        (queue, visited, pool) = (walk.queue, walk.visited, walk.pool)
        statistics.hops += walk.hops
        statistics.distances += walk.hops
    }
}

extension VectorRows {
    /// The distance to the row in a record of `NeighborCodes`, as `distances` computes it.
    @inline(__always)
    func distance(
        from query: QueryVector, toRecord record: UnsafeRawPointer, _ layout: NeighborCodes.Layout
    ) -> Float {
        let codes = record.assumingMemoryBound(to: UInt8.self)
        let factors = (record + layout.factors).assumingMemoryBound(to: Float.self)
        let padded = layout.paddedDimensions
        var integer: Int32 = 0
        kernels.pointee.dot_i8_rows(
            query.codes.pointer, query.codeSum, codes, padded, padded, nil, 1, &integer)
        return metric == .euclidean
            ? query.squaredNorm + factors[1] + -2 * query.scale * factors[0] * Float(integer)
            : -query.scale * factors[0] * Float(integer)
    }
}
