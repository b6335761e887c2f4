import TextBytes

/// A document that a search found, represented by its best passage.
package struct Candidate: Sendable, Equatable {
    /// The document's key.
    package let key: Int64
    package let id: String
    package let passage: Int64
    package let score: Double

    package init(key: Int64, id: String, passage: Int64, score: Double) {
        self.key = key
        self.id = id
        self.passage = passage
        self.score = score
    }

    /// Best first; equal scores in the byte order of ids.
    package static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
        a.score > b.score || (a.score == b.score && a.id.precedesByBytes(b.id))
    }
}
