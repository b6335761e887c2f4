import FileFormat
import Storage

/// A document on its way through an ingest.
///
///     read ──Document──> prepare ──PendingDocument──> encode ──with vectors──> store ──> index
///
/// Every document that was read reaches the store stage, in order, whatever its fate, since
/// acknowledgments count them all.
struct PendingDocument: Sendable {
    var document: Document
    /// The metadata as canonical JSON; `nil` if there are none.
    let metadata: String?
    let signature: ContentHash
    var fate: Fate
    /// Whether the stored version names another source.
    var hasMoved = false
    /// The passages to store.
    var passages: [PendingPassage] = []
    /// Which stored passages remain.
    var kept = DocumentWrite.KeptPassages.none
    /// A document that is gone, whose place this one takes.
    var replacedKey: Int64?
    /// Whether the stored version is an incomplete one of the same content.
    var resumes = false
    /// A long document is stored in pieces, each a pending document with some of its passages.
    var isFirstPiece = true
    var isLastPiece = true
    /// Bytes of text that are settled with this piece.
    var textBytes = 0
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

    /// Approximate size in bytes, for the bounds of the queues.
    var weight: Int {
        document.weight
            + passages.reduce(0) { $0 + $1.text.utf8.count + 4 * ($1.vector?.count ?? 0) }
    }

    var asWrite: DocumentWrite {
        var write = DocumentWrite(
            id: document.id, title: document.title, metadata: metadata,
            source: document.source?.path,
            sourcePosition: document.source.map { Int64($0.position) },
            contentHash: isLastPiece ? signature : ContentSignature.incomplete(signature),
            passages: passages.map { passage in
                PassageWrite(
                    text: passage.text, ordinal: passage.ordinal, start: passage.start,
                    tokens: passage.tokens, vector: passage.vector ?? [])
            })
        write.kept = kept
        write.replacedKey = replacedKey
        return write
    }
}

/// A text with its own vector: a document or a piece of one.
struct PendingPassage: Sendable {
    let text: String
    /// Its place among the document's passages.
    var ordinal = 0
    /// Its offset in the document's text, in bytes of UTF-8.
    let start: Int
    /// `nil` until it is encoded, and always in a collection without vectors.
    var vector: [Float]?
    var tokens = 0
    /// Whether this ingest encoded it.
    var wasEncoded = false
}

extension Document {
    /// Approximate size in bytes.
    var weight: Int {
        256 + id.utf8.count + title.utf8.count + text.utf8.count + 4 * (vector?.count ?? 0)
            + 64 * metadata.count
    }
}
