import VectorMath

extension HNSWIndex {
    /// The `k` nearest vectors, best first; fewer only where fewer vectors (or matching ones) exist.
    ///
    /// - Parameters:
    ///   - ef: candidates kept during the walk, at least `k`: more gives better answers, more slowly.
    ///   - filter: labels that may be returned. Where they are few, or a walk finds them too slowly,
    ///     all of them are scanned, so that `k` are returned whenever `k` match, and the cost stays
    ///     below that of scanning the matching vectors exactly.
    ///   - source: exact vectors with which the best answers of a quantised walk are scored again.
    ///     Without it scores are those of the codes.
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
            // A damaged or unfortunate graph may lead to fewer than there are.
            if found.count < min(k, count) {
                found = scan(Array(0..<UInt32(count)), walker, limit: ef)
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

    typealias Candidate = NeighbourSelection.Candidate

    // MARK: Exact scores

    /// Cuts to the best `k`, having scored again those that could be among them.
    func finish(
        _ found: [Candidate], k: Int, _ walker: GraphWalker, _ source: (any VectorSource)?
    ) -> SearchResult {
        let metric = parameters.metric
        var candidates = found[...]
        var hits: [Hit]
        if parameters.quantization == .int8, let source {
            candidates = contenders(found, k: k, walker)
            hits = exactHits(Array(candidates), walker, source)
        } else {
            hits = candidates.map {
                Hit(
                    label: labelColumn[Int($0.node)],
                    score: metric.score(ofDistance: $0.distance))
            }
        }
        hits.sort(by: Hit.precedes)
        if hits.count > k { hits.removeLast(hits.count - k) }
        return SearchResult(hits: hits, statistics: walker.statistics)
    }

    /// Hits with exact scores, where the source has them.
    func exactHits(_ candidates: [Candidate], _ walker: GraphWalker, _ source: any VectorSource)
        -> [Hit]
    {
        let labels = candidates.map { labelColumn[Int($0.node)] }
        var scores = candidates.map { parameters.metric.score(ofDistance: $0.distance) }
        source.score(
            UnsafeBufferPointer(
                start: walker.query.floats.pointer, count: parameters.dimensions),
            labels: labels, hints: candidates.map { Int($0.node) }, into: &scores)
        walker.statistics.rescored = labels.count
        return zip(labels, scores).map { Hit(label: $0, score: $1) }
    }

    /// Those that may be among the best `k` by their exact scores.
    ///
    /// Rounding makes each component of a code wrong by an error of variance scale^2 / 12, on either
    /// side of the product, so that a product is wrong with a standard deviation of about |query|
    /// scale sqrt(2 / 12). Whoever is behind the k-th by more than three deviations of a difference
    /// of two is left alone.
    private func contenders(_ found: [Candidate], k: Int, _ walker: GraphWalker)
        -> ArraySlice<Candidate>
    {
        guard found.count > k else { return found[...] }
        let last = found[k - 1]
        let scale = Quantization.value(ofScale: rows.scales[Int(last.node)])
        let factor: Float = parameters.metric == .l2 ? 2 : 1
        let margin = factor * 3 * walker.query.squaredNorm.squareRoot() * scale * 0.577
        let bound = last.distance + margin
        return found[..<(found[k...].firstIndex { $0.distance > bound } ?? found.count)]
    }

    /// Scores every one of `slots`; the best `limit`, best first.
    func scan(_ slots: [UInt32], _ walker: GraphWalker, limit: Int) -> [Candidate] {
        walker.statistics.scanned = true
        return walker.best(limit, of: slots, in: graph.bottomLevel, rows)
    }
}

extension CandidatePool {
    /// All entries, nearest first.
    var candidates: [NeighbourSelection.Candidate] {
        (0..<count).map { .init(distance: distance(at: $0), node: node(at: $0)) }
    }
}
