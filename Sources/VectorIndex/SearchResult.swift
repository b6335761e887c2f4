/// One answer: the vector's label and its score, higher for nearer.
package struct Hit: Sendable, Equatable {
    package var label: Int64
    package var score: Float

    package init(label: Int64, score: Float) { (self.label, self.score) = (label, score) }

    /// Best first; equal scores in the order of their labels.
    package static func precedes(_ a: Hit, _ b: Hit) -> Bool {
        a.score > b.score || (a.score == b.score && a.label < b.label)
    }
}

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

package struct SearchResult: Sendable {
    /// Best first.
    package var hits: [Hit]
    package var statistics: SearchStatistics

    package init(hits: [Hit], statistics: SearchStatistics = .init()) {
        (self.hits, self.statistics) = (hits, statistics)
    }
}

/// Exact vectors by label, with which answers of quantised scores are scored again.
package protocol VectorSource: Sendable {
    /// Puts the score of each label's vector into `scores`; leaves those alone that it does not have.
    ///
    /// `query` is as `Metric.prepared` makes it. `hints` are likely positions of the labels.
    func score(
        _ query: UnsafeBufferPointer<Float>, labels: [Int64], hints: [Int],
        into scores: inout [Float])
}
