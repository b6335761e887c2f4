/// What a collection holds and how it is kept.
public struct CollectionStatistics: Sendable {
    public var name: String
    public var documents: Int
    public var passages: Int
    /// 0 where the collection has no vectors.
    public var dimensions: Int
    public var metric: Metric
    /// The element type of the stored vectors: `float32` or `float16`.
    public var vectorType: String
    /// Which embedder made the vectors; `nil` for ready-made ones.
    public var model: EmbedderIdentity?
    public var index: IndexStatistics
    /// Metadata fields with an index of their own.
    public var indexedFields: [String]
    public var bytes: [PartBytes]
}

/// The state of a collection's index.
public struct IndexStatistics: Sendable, Equatable {
    public enum State: String, Sendable, Codable {
        /// Every vector is scanned: there are too few for a graph to pay.
        case scan
        /// A graph covers all but a tail that is scanned.
        case graph
        /// The files are missing, or do not belong to this state of the database: the next
        /// writer makes them again, and until then readers scan the database.
        case absent
    }

    public var state: State
    public var options: IndexOptions
    /// Rows in the graph.
    public var graphRows: Int
    /// Rows in the flat file of vectors.
    public var flatRows: Int
    /// Rows that the graph does not cover, scanned at every query.
    public var tailRows: Int
    /// Rows of the graph or the flat file that have been deleted since it was written.
    public var deletedRows: Int
}

/// A part of what a database occupies on disk.
public struct PartBytes: Sendable, Equatable, Codable {
    /// For example `text`, `vectors`, `metadata`, `index_file`.
    public var part: String
    public var bytes: Int

    public init(part: String, bytes: Int) {
        self.part = part
        self.bytes = bytes
    }
}
