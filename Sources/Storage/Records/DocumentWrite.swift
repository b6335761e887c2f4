import FileFormat

/// A document to store, with its passages encoded.
package struct DocumentWrite: Sendable {
    /// Unique in its collection.
    package var id: String
    package var title: String
    /// A JSON object as text, or `nil`.
    package var metadata: String?
    /// The source it came from, and its place there, such as a line; both chosen by the caller.
    package var source: String?
    package var sourcePosition: Int64?
    /// A hash of everything whose change makes this another version.
    package var contentHash: ContentHash
    /// The passages to insert. At least one, unless stored ones are kept.
    package var passages: [PassageWrite]
    /// Which passages of the stored version stay as they are, with their keys. The title must be the
    /// stored one then, since a passage's vector is of its title, too.
    package var kept = KeptPassages.none
    /// A document that this one takes the place of: it is deleted in the same transaction.
    package var replacedKey: Int64?

    /// Passages of the stored version of a document.
    package enum KeptPassages: Sendable, Equatable {
        /// Another version takes the place of the stored one.
        case none
        /// These keys.
        case only(Set<Int64>)
        case all
    }

    package init(
        id: String, title: String = "", metadata: String? = nil, source: String? = nil,
        sourcePosition: Int64? = nil, contentHash: ContentHash, passages: [PassageWrite]
    ) {
        self.id = id
        self.title = title
        self.metadata = metadata
        self.source = source
        self.sourcePosition = sourcePosition
        self.contentHash = contentHash
        self.passages = passages
    }
}

/// A text with its own vector: a document, or a piece of a long one.
package struct PassageWrite: Sendable {
    package var text: String
    /// Its place among the document's passages; `nil` for its place in ``DocumentWrite/passages``.
    package var ordinal: Int?
    /// The offset of the text in the document's text, in bytes of UTF-8. Passages may overlap.
    package var start: Int
    /// The number of tokens that the encoder read.
    package var tokens: Int
    /// `[D]`, with as many components as the collection has dimensions.
    package var vector: [Float]

    package init(
        text: String, ordinal: Int? = nil, start: Int = 0, tokens: Int = 0, vector: [Float]
    ) {
        self.text = text
        self.ordinal = ordinal
        self.start = start
        self.tokens = tokens
        self.vector = vector
    }
}

/// What to do with a document whose id exists in the collection.
package enum ConflictPolicy: Sendable {
    /// Replace it, unless the content hash is the same.
    case replace
    /// Keep the old one.
    case skip
    /// Refuse the whole batch.
    case error
}

/// The outcome for each document of a batch, in order.
package struct BatchOutcome: Sendable, Equatable {
    package enum Document: Sendable, Equatable {
        case inserted, replaced, unchanged, skipped
        /// Inserted in the place of another document.
        case moved
    }

    package var documents: [Document] = []
    /// The log position after the commit: an index that covers it has seen this batch.
    package var position: Int64 = 0

    package init() {}

    package func count(_ kind: Document) -> Int { documents.count { $0 == kind } }
}
