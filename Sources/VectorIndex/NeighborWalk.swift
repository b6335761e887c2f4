import VectorMath

/// A walk of layer 0 by estimates from `NeighborCodes`: expands the node with the best estimate until
/// the best `limit` are expanded, and computes the distances of these from their 8-bit codes.
///
/// It holds a walker's memory only while it runs.
struct NeighborWalk {
    let query: QueryVector
    let rows: VectorRows
    let codes: NeighborCodes
    let estimates: NeighborEstimates
    var queue: EstimateQueue
    var visited: VisitedSet
    /// The nodes expanded, nearest first.
    var pool: CandidatePool
    var hops = 0

    /// A plain walk is as good for more candidates, and needs less memory.
    static let largestEf = 100_000

    /// Walks until no estimate is left within the queue's limit, or the next one is behind the `k`-th
    /// distance by `deviations` standard errors of an estimate.
    mutating func run(from entry: UInt32, k: Int, deviations: Float) {
        visited.reserve(rows.count)
        visited.insert(entry)
        expand(entry)
        queue.sortAgain()
        let margin = deviations * standardError(at: entry)
        while let (node, estimate) = queue.next() {
            if pool.count >= k, estimate > pool.distance(at: k - 1) + margin { break }
            guard visited.insert(node) else { continue }
            if let upcoming = queue.upcoming { codes.prefetch(upcoming) }
            expand(node)
        }
        visited.removeAll()
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

    @inline(__always)
    private mutating func expand(_ node: UInt32) {
        hops += 1
        let (codes, layout, record) = (codes, codes.layout, codes.record(node))
        let count = rows.count
        let distance = rows.distance(from: query, toRecord: record, layout)
        pool.insert(distance, node)
        let values = UnsafePointer(estimates.values.pointer)
        let visited = visited.reader
        for group in 0..<layout.groups {
            let start = record + layout.firstGroup + group * layout.groupBytes
            let links = start.assumingMemoryBound(to: UInt32.self)
            guard links[0] < count else { return }
            estimates.estimate(start, distance: distance)
            // Which estimates are good cannot be predicted; a branch for each would often be wrong.
            var good: UInt32 = 0
            let bound = queue.bound
            for lane in 0..<NeighborCodes.lanes {
                good |= (values[lane] < bound ? 1 : 0) &<< UInt32(lane)
            }
            // A damaged record may hold anything.
            queue.insert(
                good, values, links, accepts: { $0 < count && !visited.contains($0) },
                becameFirst: { codes.prefetch($0) })
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
        guard let entry = bottomEntry(graph, rows) else { return emptyPool(limit: ef) }
        emptyPool(limit: ef)
        let estimates = estimates(for: codes.layout)
        estimates.load(query)
        var walk = NeighborWalk(
            query: query, rows: rows, codes: codes, estimates: estimates, queue: queue,
            visited: visited, pool: pool)
        walk.queue.reset(limit: ef * max(3, graph.m / 6))
        walk.run(from: entry, k: k, deviations: (Float(ef) / Self.efOfOneDeviation).squareRoot())
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
