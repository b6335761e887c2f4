import Foundation
import TextBytes

/// How documents are ingested.
public struct IngestOptions: Sendable {
    /// What to do with a document whose id exists in the collection with other content.
    public enum Conflict: String, Sendable, CaseIterable {
        /// Replace the stored document.
        case replace
        /// Keep the stored document and count the new one as skipped.
        case skip
        /// Stop with ``DatabaseError/documentExists(id:source:)``; documents before it stay stored.
        case error
    }

    /// What to do with a document that cannot be stored, for instance because its vector has the
    /// wrong length.
    public enum Failure: String, Sendable, CaseIterable {
        /// Stop with that error; documents before it stay stored.
        case stop
        /// Leave the document out and count it as failed.
        case skip
    }

    /// What to do with a document whose id exists with other content.
    public var onConflict: Conflict = .replace
    /// What to do with a document that cannot be stored.
    public var onFailure: Failure = .stop
    /// Called for each document that is left out under ``Failure/skip``, with the reason.
    public var failed: (@Sendable (Document, any Error) -> Void)?

    /// The most documents to prepare, and passages to encode, in one batch; at least 1. Batches are
    /// smaller if encoding is slow, so that acknowledgments come about twice a second.
    public var batchSize = 1024

    /// How long documents are cut into passages; `nil` keeps each document whole.
    public var chunking: Chunking?

    /// Whether texts are encoded. With `false` a new collection has words only: no vectors, no
    /// model.
    public var encodesText = true

    /// The metric of a new collection; `nil` for the one of the export being read, else the inner
    /// product. An existing collection must have this metric, or the ingest throws
    /// `metricMismatch`.
    public var metric: Metric?
    /// How the index of a new collection is built. An export's settings take precedence.
    public var index = IndexOptions()

    /// The settings of the collection that the documents were exported from, usually
    /// ``SourceProgress/exported``. It is called when a document is prepared, since a reader learns
    /// the settings only from the first line. A collection that this ingest creates gets these
    /// settings, except for a ``metric`` given here; ready-made vectors of another model than the
    /// collection's are refused.
    public var exported: (@Sendable () -> CollectionSettings?)?

    /// Sources to synchronize: at the end, stored documents of these sources that this ingest has
    /// not seen are deleted. Each is a document's `source.path`, or a folder above it.
    public var synchronizedSources: [String] = []

    /// Called for the files and folders that could not be read completely, usually
    /// ``SourceProgress/failedSources``. Synchronizing deletes nothing of theirs.
    public var unreadableSources: (@Sendable () -> Set<Identifier>)?

    /// The files that exist, usually ``SourceSnapshot/sources``. Documents of other files below the
    /// ``synchronizedSources`` are gone: a new document with the content of one takes its vectors and
    /// its place. `nil` recognizes no moved files.
    public var existingSources: Set<Identifier>?

    /// How many documents synchronizing may delete. If they are more, it deletes none and throws.
    public var deletionLimit = DeletionLimit.notAll

    /// A bound on the documents that synchronizing deletes.
    public enum DeletionLimit: Sendable, Hashable {
        /// Any number, but not all documents of a source, as after its disk was unmounted.
        case notAll
        /// At most this number.
        case documents(Int)
        /// At most this percentage of the sources' documents, from 0 to 100.
        case percent(Double)
    }

    /// Called after each durable commit with a number n: the first n documents of this ingest have
    /// been settled; stored, unchanged, skipped and failed ones all count.
    public var acknowledged: (@Sendable (Int) -> Void)?

    /// Called after each durable commit for each of its documents that did not fail, with its counts.
    package var settled: (@Sendable (Document, IngestSummary) -> Void)?

    /// Called after each durable commit of documents with the time that it took.
    package var committed: (@Sendable (Duration) -> Void)?

    /// The shared work that the ingest is a part of; `nil` if it is on its own.
    var work: (any IngestWork)?

    /// The defaults: replace known documents, stop at a faulty one, keep documents whole.
    public init() {}
}
