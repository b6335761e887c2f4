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
