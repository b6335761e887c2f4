/// Something that a search found, by its key, and how well it matches: higher is better.
///
/// Indexes of vectors and of words answer with these; the key is the passage's.
package struct ScoredKey: Sendable, Equatable {
    package var key: Int64
    /// The metric's score (computed in float32), or BM25.
    package var score: Double

    @inlinable
    package init(key: Int64, score: Double) { (self.key, self.score) = (key, score) }

    /// Best first; equal scores in the order of their keys.
    @inlinable
    package static func precedes(_ a: ScoredKey, _ b: ScoredKey) -> Bool {
        a.score > b.score || (a.score == b.score && a.key < b.key)
    }
}
