/// What an ingest has done.
public struct IngestSummary: Sendable, Equatable, Codable {
    /// Documents read and settled: inserted + replaced + unchanged + skipped + failed.
    public var documents = 0
    public var inserted = 0
    public var replaced = 0
    /// The same identifier with the same content was there: nothing was encoded.
    public var unchanged = 0
    /// The identifier was there with other content, and conflicts are skipped.
    public var skipped = 0
    public var failed = 0
    /// Deleted because their source no longer has them.
    public var deleted = 0
    /// Passages longer than what the model reads.
    public var truncated = 0
    /// Tokens encoded.
    public var tokens = 0
    public var seconds = 0.0

    public init() {}
}

/// How far an ingest has come.
public struct IngestProgress: Sendable {
    /// Documents taken from the sequence.
    public var read = 0
    /// What is durable, as the summary counts it.
    public var stored = IngestSummary()
    /// Passages that wait to enter the index; it follows behind the commits.
    public var unindexed = 0
    public var stage = Stage.storing

    public enum Stage: Sendable {
        case storing
        /// All is stored; the index is being extended and written.
        case indexing
        case finished
    }

    public init() {}
}
