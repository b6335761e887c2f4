import VectorMath

extension HNSWIndex {
    /// The `k` nearest vectors, best first; fewer only if there are fewer vectors, or fewer that
    /// match.
    ///
    /// - Parameters:
    ///   - ef: the number of candidates kept during the walk, raised to `k`. More are slower and
    ///     increase recall.
    ///   - filter: the labels that may be returned. If they are few, or a walk finds them too
    ///     slowly, all of them are scanned. So `k` are returned whenever `k` match, and the cost
    ///     stays below that of an exact scan of the matching vectors.
    ///   - source: the exact vectors, for re-scoring the best candidates of a quantized graph.
    ///     Without it, scores are those of the codes.
    /// - Throws: `dimensionMismatch`, `notFinite`.
    package func search(
        _ query: UnsafeBufferPointer<Float>, k: Int, ef: Int = 100, filter: LabelFilter? = nil,
        source: (any VectorSource)? = nil
    ) throws(IndexError) -> SearchResult {
        try withWalker { walker throws(IndexError) in
            try walker.query.load(query, for: rows)
            guard k > 0, count > 0 else { return SearchResult(hits: []) }
            let ef = min(max(ef, k), nodeCount)
            let request = Request(k: k, filter: filter, source: source)
            if let filter { return filtered(walker, filter, ef: ef, request) }
            guard let codes = codesForWalk(ef: ef) else {
                walker.search(graph, rows, ef: ef)
                return result(walker, request)
            }
            walker.search(graph, rows, codes, k: k, ef: ef)
            return result(ofEstimates: walker, ef: ef, request)
        }
    }

    /// The codes for a walk by estimates; `nil` for a plain walk.
    func codesForWalk(ef: Int) -> NeighborCodes? {
        ef <= NeighborWalk.largestEf ? neighborCodes : nil
    }

    /// The result of a walk by estimates, which has ended.
    func result(ofEstimates walker: GraphWalker, ef: Int, _ request: Request) -> SearchResult {
        // Estimates may leave too few nodes to expand.
        if walker.pool.count < min(request.k, nodeCount) { walker.search(graph, rows, ef: ef) }
        return result(walker, request)
    }

    private func result(_ walker: GraphWalker, _ request: Request) -> SearchResult {
        var found = walker.pool.candidates
        // In a damaged or badly connected graph a walk may find too few.
        if found.count < min(request.k, nodeCount) {
            found = scan(Array(0..<UInt32(nodeCount)), walker, request)
        }
        return finish(found, walker, request)
    }

    package func search(
        _ query: [Float], k: Int, ef: Int = 100, filter: LabelFilter? = nil,
        source: (any VectorSource)? = nil
    ) throws(IndexError) -> SearchResult {
        let copy = AlignedArray<Float>(query)
        return try search(
            UnsafeBufferPointer(start: copy.pointer, count: copy.count), k: k, ef: ef,
            filter: filter, source: source)
    }

    typealias Candidate = NeighborSelection.Candidate
}

extension CandidatePool {
    /// All entries, nearest first.
    var candidates: [NeighborSelection.Candidate] {
        (0..<count).map { .init(distance: distance(at: $0), node: node(at: $0)) }
    }
}
