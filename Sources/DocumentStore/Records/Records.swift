import FileFormat

/// A stored document without its text.
package struct DocumentRecord: Sendable, Equatable {
    package let key: Int64
    package let id: String
    package let title: String
    /// A JSON object as text.
    package let metadata: String?
    package let source: String?
    package let sourcePosition: Int64?
    package let contentHash: ContentHash
}

/// A stored passage, with everything that a hit shows.
package struct PassageRecord: Sendable, Equatable {
    /// The label in the vector index; never reused.
    package let key: Int64
    package let documentKey: Int64
    package let documentID: String
    package let title: String
    package let metadata: String?
    package let ordinal: Int
    /// The offset of the text in the document's text, in bytes of UTF-8.
    package let start: Int
    package let tokens: Int
    package let text: String
}

/// The first passage of a document, by which its place in a map is known.
package struct LeadingPassage: Sendable, Equatable {
    package let key: Int64
    package let documentKey: Int64
    package let documentID: String
    package let title: String
}

/// A passage's document, so that rankings can count a document once.
package struct PassageOwner: Sendable, Equatable {
    package let documentKey: Int64
    package let documentID: String
}

/// Vectors in key order.
package struct VectorBatch: Sendable, Equatable {
    package let dimensions: Int
    /// Passage keys, strictly increasing.
    package internal(set) var keys: [Int64] = []
    /// `[keys.count, dimensions]`, row-major.
    package internal(set) var values: [Float] = []

    package var count: Int { keys.count }
}
