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
            let ef = min(max(ef, k), count)
            if let filter { return filtered(walker, filter, k: k, ef: ef, source) }
            walker.search(graph, rows, ef: ef)
            var found = walker.pool.candidates
            // In a damaged or badly connected graph a walk may find too few.
            if found.count < min(k, count) {
                found = scan(
                    Array(0..<UInt32(count)), walker, k: k, rescored: source != nil)
            }
            return finish(found, k: k, walker, source)
        }
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

    // MARK: Exact scores

    /// Re-scores the candidates that could be among the best `k`, and returns these.
    func finish(
        _ found: [Candidate], k: Int, _ walker: GraphWalker, _ source: (any VectorSource)?
    ) -> SearchResult {
        let metric = parameters.metric
        var hits: [ScoredKey]
        if parameters.quantization == .int8, let source {
            let contenders =
                walker.statistics.scanned ? found : contenders(found, k: k, walker)
            hits = exactHits(contenders, walker, source)
        } else {
            hits = found.map {
                ScoredKey(
                    key: labelColumn[Int($0.node)],
                    score: Double(metric.score(ofDistance: $0.distance)))
            }
        }
        if hits.count > k {
            var best = TopHits(limit: k)
            for hit in hits where Float(hit.score) >= best.bound { best.insert(hit) }
            hits = best.hits
        }
        hits.sort(by: ScoredKey.precedes)
        return SearchResult(hits: hits, statistics: walker.statistics)
    }

    /// Hits with exact scores, for vectors that the source has.
    func exactHits(_ candidates: [Candidate], _ walker: GraphWalker, _ source: any VectorSource)
        -> [ScoredKey]
    {
        let labels = candidates.map { labelColumn[Int($0.node)] }
        var scores = candidates.map { parameters.metric.score(ofDistance: $0.distance) }
        source.score(
            UnsafeBufferPointer(
                start: walker.query.floats.pointer, count: parameters.dimensions),
            labels: labels, hints: candidates.map { Int($0.node) }, into: &scores)
        walker.statistics.rescored = labels.count
        return zip(labels, scores).map { ScoredKey(key: $0, score: Double($1)) }
    }

    /// The candidates that may be among the best `k` by exact scores.
    private func contenders(_ found: [Candidate], k: Int, _ walker: GraphWalker) -> [Candidate] {
        guard found.count > k else { return found }
        let error = CodeError(
            behind: found[k - 1], deviations: 3, query: walker.query, rows: rows)
        return found.filter { error.mayPrecede($0.distance, scale: rows.scale($0.node)) }
    }

    /// Scores all of `slots`. Returns the best `k`, best first or, if they will be re-scored, all
    /// that may be among the best `k`, unsorted. However close the scores are, none of these is cut
    /// off.
    func scan(_ slots: [UInt32], _ walker: GraphWalker, k: Int, rescored: Bool) -> [Candidate] {
        walker.statistics.scanned = true
        let best = walker.best(k, of: slots, in: graph.bottomLevel, rows)
        guard rescored, parameters.quantization == .int8, best.count == k, let last = best.last
        else { return best }
        // In a dense crowd the k-th owes its place to a favorable error, so allow for one more
        // deviation.
        return walker.scanned(
            slots, rows,
            CodeError(behind: last, deviations: 4, query: walker.query, rows: rows))
    }
}

extension CandidatePool {
    /// All entries, nearest first.
    var candidates: [NeighborSelection.Candidate] {
        (0..<count).map { .init(distance: distance(at: $0), node: node(at: $0)) }
    }
}
