import VectorMath

extension HNSWIndex {
    /// Searches one after another, as `search` does each, with equal results. With neighbor codes
    /// several walks take turns on the calling thread: while the memory that one needs next arrives, the
    /// others compute.
    ///
    /// - Parameters:
    ///   - queries: `[B, D]`, row by row.
    ///   - source: the exact vectors, for re-scoring the best candidates.
    /// - Throws: `dimensionMismatch`, `notFinite`, before anything is searched.
    package func search(
        batch queries: UnsafeBufferPointer<Float>, k: Int, ef: Int = 100,
        source: (any VectorSource)? = nil
    ) throws(IndexError) -> [SearchResult] {
        let dimensions = parameters.dimensions
        guard queries.count % dimensions == 0 else {
            throw .dimensionMismatch(expected: dimensions, found: queries.count % dimensions)
        }
        guard DotProduct.isFinite(queries) else { throw .notFinite(label: nil) }
        let batch = QueryBatch(vectors: queries, dimensions: dimensions)
        let candidates = min(max(ef, k), nodeCount)
        guard k > 0, count > 0, let codes = codesForWalk(ef: candidates) else {
            var results: [SearchResult] = []
            for row in 0..<batch.count {
                results.append(try search(batch[row], k: k, ef: ef, source: source))
            }
            return results
        }
        var walks = WalksInTurn(
            index: self, codes: codes, queries: batch, ef: candidates,
            request: Request(k: k, filter: nil, source: source))
        defer { walks.stop() }
        return try walks.run()
    }

    /// Walks that take turns. Two hide most of the memory's latency, three a little more; more need
    /// more of the caches.
    static let walksAtOnce = 3
}

/// Query vectors, row by row.
private struct QueryBatch {
    let vectors: UnsafeBufferPointer<Float>
    let dimensions: Int

    var count: Int { vectors.count / dimensions }

    subscript(row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: vectors[row * dimensions..<(row + 1) * dimensions])
    }
}

/// The walks of a batch: each expands one node at its turn, and makes room for the next query when it
/// has ended.
private struct WalksInTurn {
    let index: HNSWIndex
    let codes: NeighborCodes
    let queries: QueryBatch
    let ef: Int
    let request: HNSWIndex.Request

    private struct Running {
        let walker: GraphWalker
        var walk: NeighborWalk
        /// The node that it expands at its next turn.
        var node: UInt32
        let row: Int
    }

    private var running: [Running] = []
    private var results: [SearchResult]
    /// Queries begun.
    private var begun = 0

    init(
        index: HNSWIndex, codes: NeighborCodes, queries: QueryBatch, ef: Int,
        request: HNSWIndex.Request
    ) {
        (self.index, self.codes, self.queries) = (index, codes, queries)
        (self.ef, self.request) = (ef, request)
        results = Array(repeating: SearchResult(hits: []), count: queries.count)
    }

    mutating func run() throws(IndexError) -> [SearchResult] {
        while running.count < HNSWIndex.walksAtOnce, let next = try begin() {
            codes.prefetch(next.node)
            running.append(next)
        }
        // The last walk's next node. It is fetched during the turn of another.
        var upcoming: UInt32?
        var turn = 0
        while running.count > 1 {
            running[turn].walk.expand(running[turn].node, prefetching: upcoming) { _ in }
            if let node = running[turn].walk.next() {
                running[turn].node = node
                upcoming = node
            } else {
                finish(turn)
                if let next = try begin() {
                    running[turn] = next
                    upcoming = next.node
                } else {
                    running.remove(at: turn)
                    upcoming = nil
                    turn -= 1
                }
            }
            turn += 1
            if turn >= running.count { turn = 0 }
        }
        while !running.isEmpty {
            running[0].walk.run(from: running[0].node)
            finish(0)
            running.removeLast()
            if let next = try begin() { running.append(next) }
        }
        return results
    }

    /// Begins with the next query that has a node to expand; `nil` when there is none left.
    private mutating func begin() throws(IndexError) -> Running? {
        while begun < queries.count {
            let row = begun
            begun += 1
            let walker = index.takeWalker()
            do throws(IndexError) {
                try walker.query.load(queries[row], for: index.rows)
            } catch {
                index.putBack(walker)
                throw error
            }
            if var walk = walker.beginWalk(
                index.graph, index.rows, codes, k: request.k, ef: ef)
            {
                if let node = walk.next() {
                    return Running(walker: walker, walk: walk, node: node, row: row)
                }
                walker.endWalk(&walk)
            }
            results[row] = index.result(ofEstimates: walker, ef: ef, request)
            index.putBack(walker)
        }
        return nil
    }

    /// Keeps the result of a walk that has ended. Its place is free then.
    private mutating func finish(_ turn: Int) {
        let walker = running[turn].walker
        walker.endWalk(&running[turn].walk)
        results[running[turn].row] = index.result(ofEstimates: walker, ef: ef, request)
        index.putBack(walker)
    }

    /// Puts the memory of walks back that an error has kept from their end.
    mutating func stop() {
        while var last = running.popLast() {
            last.walker.endWalk(&last.walk)
            index.putBack(last.walker)
        }
    }
}
