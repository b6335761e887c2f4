import DocumentStore
import FileFormat

/// A document on its way through an ingest.
///
///     read ──Document──> prepare ──PendingDocument──> encode ──with vectors──> store ──> index
///
/// Every document that was read reaches the store stage, in order, whatever becomes of it:
/// acknowledgements count them all.
struct PendingDocument: Sendable {
    let document: Document
    /// Canonical JSON of the metadata; `nil` where there are none.
    let metadata: String?
    let signature: ContentHash
    var fate: Fate
    /// Whether it is stored as coming from another file.
    var hasMoved = false
    var passages: [PendingPassage] = []
    /// Passages longer than the model reads.
    var truncated = 0

    enum Fate: Sendable {
        /// To be encoded and stored.
        case new
        /// The same content is stored.
        case unchanged
        /// The identifier is there and conflicts are skipped.
        case skipped
        case failed(any Error)
    }

    var isNew: Bool { if case .new = fate { true } else { false } }

    /// The bytes that it holds, roughly: what bounds the queues.
    var weight: Int {
        document.weight
            + passages.reduce(0) { $0 + $1.text.utf8.count + 4 * ($1.vector?.count ?? 0) }
    }

    var asWrite: DocumentWrite {
        DocumentWrite(
            id: document.id, title: document.title, metadata: metadata,
            source: document.source?.path,
            sourcePosition: document.source.map { Int64($0.position) }, contentHash: signature,
            passages: passages.map { passage in
                PassageWrite(
                    text: passage.text, start: passage.start, tokens: passage.tokens,
                    vector: passage.vector ?? [])
            })
    }
}

/// What carries a vector: a document, or a piece of it.
struct PendingPassage: Sendable {
    let text: String
    /// Where it starts in the document's text, in bytes of UTF-8.
    let start: Int
    /// `nil` until encoded, and in a collection without vectors.
    var vector: [Float]?
    var tokens = 0
    /// By this ingest.
    var wasEncoded = false
}

extension Document {
    /// The bytes that it holds, roughly.
    var weight: Int {
        256 + id.utf8.count + title.utf8.count + text.utf8.count + 4 * (vector?.count ?? 0)
            + 64 * metadata.count
    }
}
