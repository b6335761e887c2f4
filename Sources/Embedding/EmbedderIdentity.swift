import JSON

/// Identifies the embedder of a vector. Vectors are comparable only if the fingerprints of their
/// embedders are equal.
public struct EmbedderIdentity: Sendable, Hashable {
    /// A name for people, shown in statistics and messages; not compared.
    public var name: String
    /// A hash or version that differs whenever a vector would: it covers weights, tokenizer,
    /// instructions and pooling.
    public var fingerprint: String
    /// The number of elements in a vector.
    public var dimensions: Int
    /// The folder to load the embedder from again; nil if there is none.
    public var path: String?
    /// Settings beyond the files, such as precision, with which to load it again; not compared.
    public var settings: JSONObject

    /// Without `path`, the application must provide the embedder when it opens the database again.
    public init(
        name: String, fingerprint: String, dimensions: Int, path: String? = nil,
        settings: JSONObject = [:]
    ) {
        self.name = name
        self.fingerprint = fingerprint
        self.dimensions = dimensions
        self.path = path
        self.settings = settings
    }
}
