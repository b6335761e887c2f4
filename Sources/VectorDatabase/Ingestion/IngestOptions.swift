import Foundation

/// How documents are taken in.
public struct IngestOptions: Sendable {
    /// What happens to a document whose identifier the collection has, with other content.
    public enum Conflict: String, Sendable, CaseIterable {
        case replace, skip, error
    }

    /// What happens when a document cannot be stored (a vector of wrong length, for instance).
    public enum Failure: String, Sendable, CaseIterable {
        /// The ingest ends with that error; what was acknowledged stays.
        case stop
        /// The document is counted as failed and left out.
        case skip
    }

    public var onConflict: Conflict = .replace
    public var onFailure: Failure = .stop
    /// Told of each document that is left out under ``Failure/skip``.
    public var failed: (@Sendable (Document, any Error) -> Void)?

    /// Documents taken together at most, and passages encoded together: fewer where encoding is slow,
    /// so that acknowledgements come about twice a second.
    public var batchSize = 1024

    /// Cuts long documents in passages; `nil` keeps each whole.
    public var chunking: Chunking?

    /// Whether texts are encoded. `false` stores and searches words only: no vectors, no model.
    public var encodesText = true

    /// For a new collection; an existing one must have it already. `nil`: inner product.
    public var metric: Metric?
    /// For a new collection: how its index is built.
    public var index = IndexOptions()

    /// What the documents' export says of the collection that they come from: asked when a document
    /// is prepared, for a reader knows it only after it has begun. A collection that this ingest makes
    /// takes it over, as far as `metric` does not say otherwise; vectors that another model made
    /// are refused.
    public var exported: (@Sendable () -> CollectionSettings?)?

    /// Sources whose documents are deleted at the end where this ingest did not meet them again:
    /// for each, a path that equals a document's `source.path`, or a folder above it.
    public var synchronizedSources: [String] = []

    /// Asked at the end for files of which some records could not be read, and for folders that could
    /// not: nothing of theirs is deleted, since a document that was not met may be there.
    public var unreadableSources: (@Sendable () -> Set<String>)?

    /// Called after each durable commit with the number of documents of this run, in their order,
    /// that are in the database now: unchanged and skipped ones included.
    public var acknowledged: (@Sendable (Int) -> Void)?

    public init() {}
}
