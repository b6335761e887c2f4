/// What a search cost, in counts that do not depend on the machine.
package struct SearchStatistics: Sendable, Equatable {
    /// Scores computed from codes (or float32 rows, without quantization).
    package var distances = 0
    /// Nodes whose links were followed.
    package var hops = 0
    /// Scores computed again from exact vectors.
    package var rescored = 0
    /// Whether every matching vector was scanned instead of walking the graph.
    package var scanned = false

    package init() {}
}

/// The hits of a search and what it cost.
package struct SearchResult: Sendable {
    /// Best first.
    package var hits: [ScoredKey]
    /// What the search cost.
    package var statistics: SearchStatistics

    package init(hits: [ScoredKey], statistics: SearchStatistics = .init()) {
        (self.hits, self.statistics) = (hits, statistics)
    }
}

/// Exact vectors by label, with which answers of quantized scores are scored again.
package protocol VectorSource: Sendable {
    /// Puts the score of each label's vector into `scores`; leaves those alone that it does not have.
    ///
    /// `query` is as `Metric.prepared` makes it. `hints` are likely positions of the labels.
    func score(
        _ query: UnsafeBufferPointer<Float>, labels: [Int64], hints: [Int],
        into scores: inout [Float])
}
