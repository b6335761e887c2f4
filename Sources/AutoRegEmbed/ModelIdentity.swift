/// What decides which vector a text gets. Two embedders with the same fingerprint are the same.
public struct ModelIdentity: Sendable, Hashable {
    /// For people: the folder's name.
    public let name: String
    /// 32 hexadecimal digits over weights, tokenizer, template, instructions, compressed tokens,
    /// pooling, normalisation, maximum length and precision.
    public let fingerprint: String
    public let dimensions: Int
    /// The folder it was loaded from; nil for a model in memory.
    public let path: String?
    public let pooling: Pooling
    /// k; 0 where pooling is not `compressed`.
    public let compressedTokens: Int
    public let maximumLength: Int
    public let isNormalized: Bool
    public let precision: ComputePrecision
}

/// A model's files in memory that lasts as long as the program: what a folder would hold.
public struct ModelResource: @unchecked Sendable {
    public let name: String
    public let weights: UnsafeRawBufferPointer
    public let configuration: UnsafeRawBufferPointer
    public let tokenizer: UnsafeRawBufferPointer
    public let tokenizerConfiguration: UnsafeRawBufferPointer?
    /// `autoregembed.json`
    public let settings: UnsafeRawBufferPointer?
    /// `adapter_config.json` and `adapter_model.safetensors`
    public let adapter: (configuration: UnsafeRawBufferPointer, weights: UnsafeRawBufferPointer)?

    /// All buffers must stay valid and unchanged for ever.
    public init(
        name: String, weights: UnsafeRawBufferPointer, configuration: UnsafeRawBufferPointer,
        tokenizer: UnsafeRawBufferPointer, tokenizerConfiguration: UnsafeRawBufferPointer? = nil,
        settings: UnsafeRawBufferPointer? = nil,
        adapter: (configuration: UnsafeRawBufferPointer, weights: UnsafeRawBufferPointer)? = nil
    ) {
        self.name = name
        self.weights = weights
        self.configuration = configuration
        self.tokenizer = tokenizer
        self.tokenizerConfiguration = tokenizerConfiguration
        self.settings = settings
        self.adapter = adapter
    }
}

extension AutoRegEmbedder {
    /// ``identity`` under a name that a module which adds another `identity` can still say.
    package var modelIdentity: ModelIdentity { identity }
}
