/// The size and settings of a collection.
public struct CollectionStatistics: Sendable {
    /// The collection's name.
    public var name: String
    /// The number of documents.
    public var documents: Int
    /// The number of passages, at least one per document; each has its own vector.
    public var passages: Int
    /// Components of a vector; 0 if the collection has no vectors.
    public var dimensions: Int
    /// How vectors are compared.
    public var metric: Metric
    /// The element type of the stored vectors: `float32` or `float16`.
    public var vectorType: String
    /// The embedder that made the vectors; `nil` if they are ready-made or there are none.
    public var model: EmbedderIdentity?
    /// The state of the graph and the flat file.
    public var index: IndexStatistics
    /// Metadata fields with an index, sorted.
    public var indexedFields: [String]
    /// How the collection is searched; `nil` if nothing was set.
    public var search: SearchSettings?
    /// The size on disk by part; empty unless requested.
    public var bytes: [PartBytes]
}

/// The state of a collection's vector index.
public struct IndexStatistics: Sendable, Equatable {
    /// How queries search the vectors.
    public enum State: String, Sendable, Codable {
        /// Every vector is scanned; the collection is too small for a graph to pay off.
        case scan
        /// A graph is searched, and a tail of rows beyond it is scanned.
        case graph
        /// The files are missing or belong to another state of the database. Readers scan the
        /// database until the next writer rewrites the files.
        case absent
    }

    /// How queries search the vectors now.
    public var state: State
    /// The parameters that the graph is built with.
    public var options: IndexOptions
    /// The number of rows in the graph; 0 without one.
    public var graphRows: Int
    /// The number of rows in the flat file of vectors; 0 without one.
    public var flatRows: Int
    /// The number of rows that the graph does not cover, which every query scans.
    public var tailRows: Int
    /// The number of rows deleted since the graph (or, without one, the flat file) was written.
    public var deletedRows: Int
}

/// The size on disk of one part of a database.
public struct PartBytes: Sendable, Equatable, Codable {
    /// The part: `text`, `vectors`, `metadata`, `index_file` and others.
    public var part: String
    /// Its size in bytes.
    public var bytes: Int

    /// Creates an entry.
    public init(part: String, bytes: Int) {
        self.part = part
        self.bytes = bytes
    }
}
