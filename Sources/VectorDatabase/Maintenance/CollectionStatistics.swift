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
