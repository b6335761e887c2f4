/// A search result: a key and its score. Higher scores are better.
///
/// Vector and lexical indexes return these; the key is a passage's.
package struct ScoredKey: Sendable, Equatable {
    package var key: Int64
    /// The score of the metric, computed in float32, or of BM25.
    package var score: Double

    @inlinable
    package init(key: Int64, score: Double) { (self.key, self.score) = (key, score) }

    /// Best first; ties by key.
    @inlinable
    package static func precedes(_ a: ScoredKey, _ b: ScoredKey) -> Bool {
        a.score > b.score || (a.score == b.score && a.key < b.key)
    }
}
