/// The cost of a search, in counts that do not depend on the machine.
package struct SearchStatistics: Sendable, Equatable {
    /// The number of distances computed from codes or, without quantization, float32 rows.
    package var distances = 0
    /// The number of nodes whose links were followed.
    package var hops = 0
    /// The number of candidates re-scored with exact vectors.
    package var rescored = 0
    /// Whether all (matching) vectors were scanned instead of walking the graph.
    package var scanned = false

    package init() {}
}

/// The hits of a search and its cost.
package struct SearchResult: Sendable {
    /// Best first.
    package var hits: [ScoredKey]
    /// The cost of the search.
    package var statistics: SearchStatistics

    package init(hits: [ScoredKey], statistics: SearchStatistics = .init()) {
        (self.hits, self.statistics) = (hits, statistics)
    }
}

/// A source of exact vectors, for re-scoring candidates of a quantized graph.
package protocol VectorSource: Sendable {
    /// Writes the score of each label's vector to `scores`; the scores of labels that it does not
    /// have are not changed.
    ///
    /// `query` has been prepared by `Metric.prepared`. `hints` are likely positions of the labels.
    func score(
        _ query: UnsafeBufferPointer<Float>, labels: [Int64], hints: [Int],
        into scores: inout [Float])
}
