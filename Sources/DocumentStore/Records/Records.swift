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

/// A stored passage with what a hit shows.
package struct PassageRecord: Sendable, Equatable {
    /// Never reused: the label in the vector index.
    package let key: Int64
    package let documentKey: Int64
    package let documentID: String
    package let title: String
    package let metadata: String?
    package let ordinal: Int
    /// Where the text's UTF-8 starts in the document's, in bytes.
    package let start: Int
    package let tokens: Int
    package let text: String
}

/// A passage's document: what fusion needs to count a document once.
package struct PassageOwner: Sendable, Equatable {
    package let documentKey: Int64
    package let documentID: String
}

/// Vectors in key order.
package struct VectorBatch: Sendable, Equatable {
    package let dimensions: Int
    /// Passage keys, strictly increasing.
    package internal(set) var keys: [Int64] = []
    /// keys.count x dimensions, row by row.
    package internal(set) var values: [Float] = []

    package var count: Int { keys.count }
}

/// A full-text hit.
package struct LexicalHit: Sendable, Equatable {
    package let passage: Int64
    /// BM25; higher is better.
    package let score: Double
}

/// An entry of the change log.
package struct Change: Sendable, Equatable {
    package enum Kind: Int, Sendable {
        case inserted = 1
        case deleted = 2
        /// Every vector was replaced (another model): whoever follows the log starts afresh.
        case replacedAll = 3
    }

    package let position: Int64
    package let kind: Kind
    /// Consecutive keys. One that was inserted may have been deleted since.
    package let passages: ClosedRange<Int64>

    package init(position: Int64, kind: Kind, passages: ClosedRange<Int64>) {
        self.position = position
        self.kind = kind
        self.passages = passages
    }
}
