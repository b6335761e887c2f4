/// The files of a model in memory that is valid for the lifetime of the process, such as a built-in
/// model's.
public struct ModelResource: @unchecked Sendable {
    /// The model's name, for errors and as `EmbedderIdentity.name`.
    public let name: String
    /// `model.safetensors`
    public let weights: UnsafeRawBufferPointer
    /// `config.json`
    public let configuration: UnsafeRawBufferPointer
    /// `tokenizer.json`
    public let tokenizer: UnsafeRawBufferPointer
    /// `tokenizer_config.json`; nil if the model has none.
    public let tokenizerConfiguration: UnsafeRawBufferPointer?
    /// `autoregembed.json`; nil uses the defaults.
    public let settings: UnsafeRawBufferPointer?
    /// `adapter_config.json` and `adapter_model.safetensors` of a PEFT LoRA adapter; nil if there
    /// is none.
    public let adapter: (configuration: UnsafeRawBufferPointer, weights: UnsafeRawBufferPointer)?

    /// Nothing is copied or checked. All buffers must stay valid and unchanged for the lifetime of
    /// the process.
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
