import AutoRegEmbed
import CDefaultModel

/// The language model that the program carries, so that a first database needs no download.
///
/// Its files lie in the program's own read-only data, brought in by the assembler
/// (`Sources/CDefaultModel`): nothing is unpacked or copied, and processes share the pages. Where it
/// has an adapter, that is added to the encoder's layers, in memory, when the first text is encoded.
/// What it is, how it was made and how good it is: `MODEL_CARD.md`; `recipe/` makes it again.
///
/// ```swift
/// let database = try Database(path: "notes.vdb", embedder: DefaultModel.embedder())
/// ```
public enum DefaultModel {
    /// The name that a collection records beside the fingerprint.
    public static let name = "vdb-384x3"

    /// The model as an embedder. Each call makes one: keep it, and share it between threads.
    ///
    /// It computes in float32 unless `options` say otherwise: its layers are small enough for the cache, so
    /// that bfloat16 spares no memory traffic and only has to be widened.
    public static func embedder(
        options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) throws -> AutoRegEmbedder {
        var options = options
        options.precision = options.precision ?? .float32
        return try AutoRegEmbedder(resource: resource, options: options)
    }

    /// Finds recorded models, this one among them, and gives this one to collections that record none.
    ///
    /// ```swift
    /// var options = DatabaseOptions()
    /// options.findEmbedder = DefaultModel.finder.find
    /// ```
    public static var finder: RecordedModelFinder {
        var finder = RecordedModelFinder()
        finder.builtIn = { try embedder(options: $0) }
        return finder
    }

    /// The model's bytes, for whoever loads it otherwise.
    public static var resource: ModelResource {
        ModelResource(
            name: name, weights: File.weights.bytes, configuration: File.configuration.bytes,
            tokenizer: File.tokenizer.bytes,
            tokenizerConfiguration: File.tokenizerConfiguration.bytes,
            settings: File.embedderSettings.bytes,
            adapter: File.adapterWeights.bytes.isEmpty
                ? nil : (File.adapterConfiguration.bytes, File.adapterWeights.bytes))
    }

    /// The files of a Hugging Face folder, in memory. Valid as long as the program runs.
    package enum File: String, CaseIterable, Sendable {
        case weights = "model.safetensors"
        case configuration = "config.json"
        case tokenizer = "tokenizer.json"
        case tokenizerConfiguration = "tokenizer_config.json"
        case embedderSettings = "autoregembed.json"
        case adapterConfiguration = "adapter_config.json"
        case adapterWeights = "adapter_model.safetensors"

        /// Those that there are: a model may have no adapter.
        package static var carried: [File] { allCases.filter { !$0.bytes.isEmpty } }

        /// Empty where the model has no such file.
        package var bytes: UnsafeRawBufferPointer {
            let file =
                switch self {
                case .weights: default_model_weights()
                case .configuration: default_model_configuration()
                case .tokenizer: default_model_tokenizer()
                case .tokenizerConfiguration: default_model_tokenizer_configuration()
                case .embedderSettings: default_model_embedder_settings()
                case .adapterConfiguration: default_model_adapter_configuration()
                case .adapterWeights: default_model_adapter_weights()
                }
            return UnsafeRawBufferPointer(start: file.bytes, count: file.count)
        }
    }
}
