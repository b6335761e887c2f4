import JSON

/// Which embedder made a vector. Two vectors are comparable only if this is the same.
public struct EmbedderIdentity: Sendable, Hashable {
    /// For people: shown in statistics and messages, not compared.
    public var name: String
    /// Whatever changes a vector changes this: weights, tokenizer, instructions, pooling.
    public var fingerprint: String
    public var dimensions: Int
    /// The folder from which it can be loaded again, if there is one.
    public var path: String?
    /// How it was set up beyond its files (precision, for example), as JSON; not compared.
    public var settings: JSONObject

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
