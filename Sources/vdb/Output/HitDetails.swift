import VectorDatabase

/// What is shown of hits beyond the answer, by rank.
struct HitDetails {
    /// Where the hits' texts are in their documents.
    var places: [Int: TextPlace] = [:]
    /// The sentences that are nearest to the query.
    var sentences: [Int: Range<String.Index>] = [:]
}
