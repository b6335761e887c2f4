import VectorMath

/// From the nodes that a walk or a scan has found to hits: their labels, scored exactly where the
/// caller has the exact vectors.
extension HNSWIndex {
    /// What a search asks for beside the vector.
    struct Request {
        var k: Int
        var filter: LabelFilter?
        /// Exact vectors with which answers of a quantized graph are scored again.
        var source: (any VectorSource)?

        func accepts(_ label: Int64) -> Bool { filter?.contains(label) ?? true }
    }

    /// Re-scores the candidates that could be among the best `k`, and returns these.
    func finish(_ found: [Candidate], _ walker: GraphWalker, _ request: Request) -> SearchResult {
        var hits: [ScoredKey]
        if parameters.quantization == .int8, let source = request.source {
            let contenders =
                walker.statistics.scanned ? found : contenders(found, walker, request)
            hits = exactHits(vectors(of: contenders, request), walker, source)
        } else {
            hits = vectors(of: found, request).hits { $0.map(score) }
        }
        if hits.count > request.k {
            var best = TopHits(limit: request.k)
            for hit in hits where Float(hit.score) >= best.bound { best.insert(hit) }
            hits = best.hits
        }
        hits.sort(by: ScoredKey.precedes)
        return SearchResult(hits: hits, statistics: walker.statistics)
    }

    private func score(_ candidate: Candidate) -> Float {
        parameters.metric.score(ofDistance: candidate.distance)
    }

    /// Hits with exact scores, for vectors that the source has.
    private func exactHits(
        _ vectors: DistinctVectors, _ walker: GraphWalker, _ source: any VectorSource
    ) -> [ScoredKey] {
        vectors.hits { candidates in
            var scores = candidates.map(score)
            source.score(
                UnsafeBufferPointer(
                    start: walker.query.floats.pointer, count: parameters.dimensions),
                labels: vectors.labels, hints: candidates.map { Int($0.node) }, into: &scores)
            walker.statistics.rescored = candidates.count
            return scores
        }
    }

    // MARK: Candidates for exact scores

    /// The candidates that may be among the best `k` by exact scores.
    private func contenders(_ found: [Candidate], _ walker: GraphWalker, _ request: Request)
        -> [Candidate]
    {
        guard let last = last(found, request) else { return found }
        let error = CodeError(
            behind: last, scale: scale(last.node), deviations: 3, query: walker.query, rows: rows)
        return found.filter { error.mayPrecede($0.distance, scale: scale($0.node)) }
    }

    /// Scores all of `slots`. Returns the best `k`, best first or, if they will be re-scored, all
    /// that may be among the best `k`, unsorted. However close the scores are, none of these is cut
    /// off.
    func scan(_ slots: [UInt32], _ walker: GraphWalker, _ request: Request) -> [Candidate] {
        walker.statistics.scanned = true
        let best = walker.best(request.k, of: slots, in: graph.bottomLevel, rows)
        guard request.source != nil, parameters.quantization == .int8,
            let last = last(best, request)
        else { return best }
        // In a dense crowd the k-th owes its place to a favorable error, so allow for one more
        // deviation.
        return walker.scanned(
            slots,
            CodeError(
                behind: last, scale: scale(last.node), deviations: 4, query: walker.query,
                rows: rows),
            scale: scale)
    }

    /// The scale that tells how far the exact score of one of the node's labels may be from that of its
    /// codes: near copies differ from the codes by more than their rounding.
    private func scale(_ node: UInt32) -> Float {
        let scale = rows.scale(node)
        return copies.groups(of: node).isEmpty ? scale : scale * NearCopies.scaleFactor
    }

    /// The candidate with which there are `k` labels, of candidates that come nearest first; nil if
    /// there are fewer.
    private func last(_ candidates: [Candidate], _ request: Request) -> Candidate? {
        if copies.isEmpty {
            return candidates.count < request.k ? nil : candidates[request.k - 1]
        }
        var missing = request.k
        for candidate in candidates {
            if request.accepts(labelColumn[Int(candidate.node)]) { missing -= 1 }
            for group in copies.groups(of: candidate.node) where missing > 0 {
                missing -=
                    copies.labels(of: group).lazy.filter(request.accepts)
                    .prefix(missing).count
            }
            if missing <= 0 { return candidate }
        }
        return nil
    }

    // MARK: Labels

    /// The different vectors behind candidates, each by one of its labels.
    private struct DistinctVectors {
        var candidates: [Candidate] = []
        var labels: [Int64] = []
        /// Further labels of a vector, by its place in `labels`.
        var copies: [(vector: Int, label: Int64)] = []

        /// A hit for each label, the vectors' scores given.
        func hits(_ scored: ([Candidate]) -> [Float]) -> [ScoredKey] {
            let scores = scored(candidates)
            var hits = zip(labels, scores).map { ScoredKey(key: $0, score: Double($1)) }
            for copy in copies {
                hits.append(ScoredKey(key: copy.label, score: Double(scores[copy.vector])))
            }
            return hits
        }
    }

    /// Labels that pass; of each vector at most the lowest `k`, which come before the others.
    private func vectors(of found: [Candidate], _ request: Request) -> DistinctVectors {
        var vectors = DistinctVectors()
        vectors.candidates.reserveCapacity(found.count)
        vectors.labels.reserveCapacity(found.count)
        for candidate in found {
            let groups = copies.groups(of: candidate.node)
            let own = labelColumn[Int(candidate.node)]
            // Without copies every candidate has been accepted by its only label.
            if groups.isEmpty || request.accepts(own) {
                vectors.candidates.append(candidate)
                vectors.labels.append(own)
            }
            for group in groups {
                let labels = copies.labels(of: group).lazy.filter(request.accepts)
                var isFirst = true
                for label in labels.prefix(request.k) {
                    if isFirst {
                        vectors.candidates.append(candidate)
                        vectors.labels.append(label)
                        isFirst = false
                    } else {
                        vectors.copies.append((vectors.labels.count - 1, label))
                    }
                }
            }
        }
        return vectors
    }
}
