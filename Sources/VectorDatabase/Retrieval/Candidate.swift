import TextBytes

/// A document that a search found, represented by its best passage.
struct Candidate: Sendable, Equatable {
    /// The document's key.
    let key: Int64
    let id: String
    let passage: Int64
    let score: Double

    /// Best first; equal scores in the byte order of ids.
    static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
        a.score > b.score || (a.score == b.score && a.id.precedesByBytes(b.id))
    }
}
