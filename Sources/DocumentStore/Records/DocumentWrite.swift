import FileFormat
import JSON

/// A document to store, with its passages encoded.
package struct DocumentWrite: Sendable {
    /// Unique in its collection.
    package var id: String
    package var title: String
    /// A JSON object as text, or `nil`.
    package var metadata: String?
    /// The file it came from, and where in it (a line, a row: the reader's business).
    package var source: String?
    package var sourcePosition: Int64?
    /// Of everything that, when changed, makes it another document.
    package var contentHash: ContentHash
    /// At least one; ordinals follow the array's order.
    package var passages: [PassageWrite]

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

    /// The metadata as they are stored: escapes of ordinary characters written out, so that a field is
    /// found by its name however that was escaped.
    ///
    /// - Throws: `invalidMetadata` if text with escapes is not JSON that the database accepts; SQLite
    ///   checks any other.
    func metadataAsStored() throws(StoreError) -> String? {
        guard let metadata, metadata.utf8.contains(UInt8(ascii: "\\")) else { return metadata }
        do throws(JSONError) {
            return try JSONValue(parsing: metadata).jsonText
        } catch { throw .invalidMetadata(document: id) }
    }
}

/// What carries a vector: a document, or a piece of a long one.
package struct PassageWrite: Sendable {
    package var text: String
    /// Where the text's UTF-8 starts in the document's, in bytes. Passages may overlap.
    package var start: Int
    /// Tokens that the encoder read.
    package var tokens: Int
    /// As many numbers as the collection has dimensions.
    package var vector: [Float]

    package init(text: String, start: Int = 0, tokens: Int = 0, vector: [Float]) {
        self.text = text
        self.start = start
        self.tokens = tokens
        self.vector = vector
    }
}

/// What happens to a document whose id is already there.
package enum ConflictPolicy: Sendable {
    /// The new one takes its place, unless the content hash is the same.
    case replace
    /// The old one stays.
    case skip
    /// The whole batch is refused.
    case error
}

/// What became of each document of a batch, in the batch's order.
package struct BatchOutcome: Sendable, Equatable {
    package enum Document: Sendable, Equatable { case inserted, replaced, unchanged, skipped }

    package internal(set) var documents: [Document] = []
    /// The log position after the commit: an index that covers it has seen this batch.
    package internal(set) var position: Int64 = 0

    package func count(_ kind: Document) -> Int { documents.count { $0 == kind } }
}
