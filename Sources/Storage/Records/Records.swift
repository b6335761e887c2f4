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

    package init(
        key: Int64, id: String, title: String, metadata: String?, source: String?,
        sourcePosition: Int64?, contentHash: ContentHash
    ) {
        self.key = key
        self.id = id
        self.title = title
        self.metadata = metadata
        self.source = source
        self.sourcePosition = sourcePosition
        self.contentHash = contentHash
    }
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

    package init(
        key: Int64, documentKey: Int64, documentID: String, title: String, metadata: String?,
        ordinal: Int, start: Int, tokens: Int, text: String
    ) {
        self.key = key
        self.documentKey = documentKey
        self.documentID = documentID
        self.title = title
        self.metadata = metadata
        self.ordinal = ordinal
        self.start = start
        self.tokens = tokens
        self.text = text
    }
}

/// The first passage of a document, by which its place in a map is known.
package struct LeadingPassage: Sendable, Equatable {
    package let key: Int64
    package let documentKey: Int64
    package let documentID: String
    package let title: String

    package init(key: Int64, documentKey: Int64, documentID: String, title: String) {
        self.key = key
        self.documentKey = documentKey
        self.documentID = documentID
        self.title = title
    }
}

/// Vectors of passages.
package struct VectorBatch: Sendable, Equatable {
    package let dimensions: Int
    /// Passage keys, in the order that was asked for; of a scan, strictly increasing.
    package var keys: [Int64] = []
    /// `[keys.count, dimensions]`, row-major.
    package var values: [Float] = []

    package init(dimensions: Int) { self.dimensions = dimensions }

    package var count: Int { keys.count }
}
