import AutoRegEmbed
import CDefaultModel
import Encoder

/// The language model that is built into the program, so that a first database needs no download.
///
/// Its files are in the program's read-only data, included by the assembler
/// (`Sources/CDefaultModel`): nothing is unpacked or copied, and processes share the pages. If it
/// has an adapter, that is added to the encoder's layers in memory when the first text is encoded.
/// `MODEL_CARD.md` describes the model, its training and its quality; `recipe/` reproduces it.
///
/// ```swift
/// let database = try Database(path: "notes.vdb", embedder: DefaultModel.embedder())
/// ```
public enum DefaultModel {
    /// The name that a collection records along with the fingerprint.
    public static let name = "vdb-384x3"

    /// Creates an embedder for the model. Keep it and share it between threads.
    ///
    /// It computes in float32 unless `options` say otherwise: the layers are small enough for the
    /// cache, so bfloat16 would save no memory traffic and would have to be widened.
    ///
    /// - Throws: errors of AutoRegEmbed for options that the model cannot fulfill.
    public static func embedder(
        options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) throws -> AutoRegEmbedder {
        var options = options
        options.precision = options.precision ?? .float32
        return try AutoRegEmbedder(resource: resource, options: options)
    }

    /// A finder for recorded models that includes this one, and returns this one for collections
    /// that record none.
    ///
    /// ```swift
    /// var options = DatabaseOptions()
    /// options.findEmbedder = DefaultModel.finder.find
    /// ```
    public static var finder: RecordedModelFinder {
        var finder = RecordedModelFinder()
        finder.builtIn = { try embedder(options: $0) }
        finder.open = { try ModelFolder.open($0, options: $1) }
        return finder
    }

    /// The model's bytes, for loading it in other ways. Valid as long as the program runs.
    public static var resource: ModelResource {
        ModelResource(
            name: name, weights: File.weights.bytes, configuration: File.configuration.bytes,
            tokenizer: File.tokenizer.bytes,
            tokenizerConfiguration: File.tokenizerConfiguration.bytes,
            settings: File.embedderSettings.bytes,
            adapter: File.adapterWeights.bytes.isEmpty
                ? nil : (File.adapterConfiguration.bytes, File.adapterWeights.bytes))
    }

    /// The files of a Hugging Face folder, in memory; valid as long as the program runs.
    package enum File: String, CaseIterable, Sendable {
        case weights = "model.safetensors"
        case configuration = "config.json"
        case tokenizer = "tokenizer.json"
        case tokenizerConfiguration = "tokenizer_config.json"
        case embedderSettings = "autoregembed.json"
        case adapterConfiguration = "adapter_config.json"
        case adapterWeights = "adapter_model.safetensors"

        /// The files that exist; a model may have no adapter.
        package static var carried: [File] { allCases.filter { !$0.bytes.isEmpty } }

        /// The content; empty if the model has no such file.
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
