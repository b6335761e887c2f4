import TextBytes

/// A document, represented by its best passage.
struct RankedDocument: Sendable, Equatable {
    /// The document's key.
    let key: Int64
    let id: String
    let passage: Int64
    var score: Double
    var logProbability: Double?
    var parts: HybridParts?

    init(_ candidate: Candidate) {
        key = candidate.key
        id = candidate.id
        passage = candidate.passage
        score = candidate.score
    }

    /// Best first; equal scores in the byte order of ids.
    static func precedes(_ a: RankedDocument, _ b: RankedDocument) -> Bool {
        a.score > b.score || (a.score == b.score && a.id.precedesByBytes(b.id))
    }
}
