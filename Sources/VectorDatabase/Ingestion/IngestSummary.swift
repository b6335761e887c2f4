/// Counts of what an ingest did.
public struct IngestSummary: Sendable, Equatable, Codable {
    /// Documents settled: inserted + replaced + moved + unchanged + skipped + failed.
    public var documents = 0
    /// Documents whose id was new.
    public var inserted = 0
    /// Documents that replaced another version of themselves.
    public var replaced = 0
    /// Documents that took the vectors and the place of one with the same content, whose file is gone;
    /// nothing was encoded. See ``IngestOptions/existingSources``.
    public var moved = 0
    /// Documents that were stored already with the same content; nothing was encoded.
    public var unchanged = 0
    /// Documents left out under ``IngestOptions/Conflict/skip``: the id existed with other content.
    public var skipped = 0
    /// Documents left out under ``IngestOptions/Failure/skip``.
    public var failed = 0
    /// Documents deleted because a synchronized source no longer has them.
    public var deleted = 0
    /// Passages that were longer than the model reads, and were truncated for encoding.
    public var truncated = 0
    /// Tokens that the model encoded.
    public var tokens = 0
    /// Wall-clock time since the ingest began, in seconds.
    public var seconds = 0.0

    /// All counts zero.
    public init() {}
}

/// The progress of an ingest.
public struct IngestProgress: Sendable {
    /// Documents taken from the sequence.
    public var read = 0
    /// Counts of the documents that are settled, durably.
    public var stored = IngestSummary()
    /// Bytes of text in the documents taken.
    public var bytesRead = 0
    /// Bytes of text that are settled, also of documents that are stored in part.
    public var bytesStored = 0
    /// Passages that have been stored.
    public var passages = 0
    /// Passages that are stored but not yet in the graph, which follows behind the commits.
    public var unindexed = 0
    /// What the ingest is doing.
    public var stage = Stage.storing

    /// The phases of an ingest, in order.
    public enum Stage: Sendable {
        /// Documents are being read, encoded and stored.
        case storing
        /// All documents are stored; the caches are being extended and written.
        case indexing
        /// Everything is done.
        case finished
    }

    /// Nothing read yet.
    public init() {}
}
