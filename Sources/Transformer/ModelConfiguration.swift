import FileFormat
import Foundation
import JSON
import Tensors

/// The shape and settings of a decoder-only language model, from `config.json`.
///
/// Read as by transformers, with the same defaults for absent keys and both forms of the rotary
/// embedding's settings: `rope_parameters`, and the older `rope_theta` with `rope_scaling`. The
/// range of every number is checked before it is used.
package struct ModelConfiguration: Sendable, Equatable {
    package enum Architecture: String, Sendable, CaseIterable {
        case llama, mistral, qwen2, qwen3

        /// The class in transformers, as in `architectures`.
        package var className: String {
            switch self {
            case .llama: "LlamaForCausalLM"
            case .mistral: "MistralForCausalLM"
            case .qwen2: "Qwen2ForCausalLM"
            case .qwen3: "Qwen3ForCausalLM"
            }
        }
    }

    /// `model_type` of models that look both ways, which the module Encoder runs.
    package static let encoderTypes = ["bert"]

    /// Whether the folder's `config.json` is that of an encoder. False if it cannot be read: loading it
    /// then says why.
    package static func isEncoder(_ folder: URL) -> Bool {
        let path = folder.appendingPathComponent("config.json").path
        guard FileManager.default.fileExists(atPath: path),
            let file = try? MappedFile(modelFile: path),
            let fields = try? ConfigurationFields(json: file.bytes, path: path)
        else { return false }
        if let type = fields.object["model_type"]?.stringValue {
            return encoderTypes.contains(type)
        }
        let name = fields.object["architectures"]?.arrayValue?.first?.stringValue ?? ""
        return name == "BertModel" || name.hasPrefix("BertFor")
    }

    package var architecture: Architecture
    /// The number of rows of the embedding matrix, V.
    package var vocabularySize: Int
    /// The width of the residual stream, H.
    package var hiddenSize: Int
    /// The inner width of the feed-forward layer, I.
    package var intermediateSize: Int
    package var layerCount: Int
    /// The number of query heads.
    package var headCount: Int
    /// The number of key and value heads; divides `headCount`.
    package var keyValueHeadCount: Int
    /// The width of one head, d; even. `headCount * headDimension` need not equal `hiddenSize`.
    package var headDimension: Int
    /// Added to the mean square in every RMSNorm.
    package var normEpsilon: Float
    package var maximumPositions: Int
    package var rope: RopeConfiguration
    /// Biases on the query, key and value projections.
    package var hasQueryKeyValueBias: Bool
    /// A bias on the attention's output projection.
    package var hasAttentionOutputBias: Bool
    /// Biases on the feed-forward projections.
    package var hasFeedForwardBias: Bool
    /// RMSNorm over each query and key head (Qwen3).
    package var hasQueryKeyNorm: Bool
    /// The output projection is the embedding matrix.
    package var isTied: Bool
    /// For each layer, the number of positions that a query attends to, including its own; nil
    /// means all up to it.
    package var slidingWindows: [Int?]
    /// The type in `torch_dtype` or `dtype`; the tensors' own types take precedence.
    package var elementType: ElementType?
    /// Ids that end a generated text.
    package var endOfText: [Int32] = []

    /// The width of the query projection's output.
    package var queryWidth: Int { headCount * headDimension }
    /// The width of the key or value projection's output.
    package var keyValueWidth: Int { keyValueHeadCount * headDimension }
    /// The number of query heads that share one key/value head.
    package var groupSize: Int { headCount / keyValueHeadCount }

    /// Reads `config.json`.
    package init(path: String) throws(ModelConfigurationError) {
        let file: MappedFile
        do { file = try MappedFile(modelFile: path) } catch { throw .file(error) }
        try self.init(json: file.bytes, path: path)
    }

    /// Reads a model folder's `config.json`, and its `generation_config.json` if it exists.
    package init(folder: URL) throws(ModelConfigurationError) {
        try self.init(path: folder.appendingPathComponent("config.json").path)
        let generation = folder.appendingPathComponent("generation_config.json").path
        guard FileManager.default.fileExists(atPath: generation) else { return }
        let file: MappedFile
        do { file = try MappedFile(modelFile: generation) } catch { throw .file(error) }
        let fields = try ConfigurationFields(json: file.bytes, path: generation)
        if let ids = try fields.tokens("eos_token_id") { endOfText = ids }
    }

    /// - Parameter path: the name of the bytes in messages.
    package init(
        json: UnsafeRawBufferPointer, path: String
    ) throws(ModelConfigurationError) {
        try self.init(fields: ConfigurationFields(json: json, path: path))
    }

    private init(fields: ConfigurationFields) throws(ModelConfigurationError) {
        let architecture = try Self.architecture(fields)
        self.architecture = architecture
        try ConfigurationKeys.check(fields, architecture)
        if fields.has("quantization_config") {
            throw .unsupported(path: fields.path, key: "quantization_config", found: "present")
        }
        let activation = try fields.string("hidden_act") ?? "silu"
        guard activation == "silu" || activation == "swish" else {
            throw .unsupported(path: fields.path, key: "hidden_act", found: activation)
        }

        vocabularySize = try fields.required("vocab_size", in: 1...(1 << 24))
        hiddenSize = try fields.required("hidden_size", in: 1...(1 << 17))
        intermediateSize = try fields.required("intermediate_size", in: 1...(1 << 20))
        layerCount = try fields.required("num_hidden_layers", in: 1...4096)
        headCount = try fields.required("num_attention_heads", in: 1...4096)

        let defaultKeyValueHeads =
            switch architecture {
            case .llama: headCount
            case .mistral: fields.has("num_key_value_heads", orNull: true) ? headCount : 8
            case .qwen2, .qwen3:
                fields.has("num_key_value_heads", orNull: true) ? headCount : 32
            }
        keyValueHeadCount =
            try fields.integer("num_key_value_heads", in: 1...4096) ?? defaultKeyValueHeads
        guard headCount % keyValueHeadCount == 0 else {
            throw .inconsistent(
                path: fields.path, key: "num_key_value_heads",
                fact: "\(keyValueHeadCount) does not divide num_attention_heads \(headCount)")
        }
        if let dimension = try fields.integer("head_dim", in: 2...4096) {
            headDimension = dimension
        } else if architecture == .qwen3, !fields.has("head_dim", orNull: true) {
            headDimension = 128
        } else {
            guard hiddenSize % headCount == 0 else {
                throw .inconsistent(
                    path: fields.path, key: "num_attention_heads",
                    fact: "\(headCount) does not divide hidden_size \(hiddenSize)")
            }
            headDimension = hiddenSize / headCount
        }
        guard headDimension % 2 == 0 else {
            throw .inconsistent(
                path: fields.path, key: "head_dim", fact: "\(headDimension) is odd")
        }

        let epsilon = try fields.number("rms_norm_eps", in: 0...1) ?? 1e-6
        normEpsilon = Float(epsilon)
        let defaultPositions =
            switch architecture {
            case .llama: 2048
            case .mistral: 4096 * 32
            case .qwen2, .qwen3: 32768
            }
        maximumPositions =
            try fields.integer("max_position_embeddings", in: 1...(1 << 30)) ?? defaultPositions

        let attentionBias = try fields.boolean("attention_bias") ?? false
        switch architecture {
        case .llama, .qwen3:
            (hasQueryKeyValueBias, hasAttentionOutputBias) = (attentionBias, attentionBias)
        case .qwen2: (hasQueryKeyValueBias, hasAttentionOutputBias) = (true, false)
        case .mistral: (hasQueryKeyValueBias, hasAttentionOutputBias) = (false, false)
        }
        hasFeedForwardBias =
            architecture == .llama ? try fields.boolean("mlp_bias") ?? false : false
        hasQueryKeyNorm = architecture == .qwen3
        isTied = try fields.boolean("tie_word_embeddings") ?? false
        slidingWindows = try Self.slidingWindows(
            fields, architecture: architecture, layerCount: layerCount)
        let typeName = try fields.string("dtype")
        let olderTypeName = try fields.string("torch_dtype")
        elementType = (typeName ?? olderTypeName).flatMap { ElementType(torchName: $0) }
        endOfText = try fields.tokens("eos_token_id") ?? []
        rope = try RopeConfiguration(
            fields: fields, maximumPositions: maximumPositions, headDimension: headDimension,
            layerTypes: Set(
                slidingWindows.map { $0 == nil ? "full_attention" : "sliding_attention" }))
    }

    private static func architecture(
        _ fields: ConfigurationFields
    ) throws(ModelConfigurationError) -> Architecture {
        if let type = try fields.string("model_type") {
            guard let architecture = Architecture(rawValue: type) else {
                if encoderTypes.contains(type) {
                    throw .encoder(path: fields.path, found: type)
                }
                throw .unsupportedArchitecture(path: fields.path, key: "model_type", found: type)
            }
            try checkClass(fields)
            return architecture
        }
        guard let name = fields.object["architectures"]?.arrayValue?.first?.stringValue else {
            throw .missing(path: fields.path, key: "model_type")
        }
        guard
            let architecture = Architecture.allCases.first(where: {
                $0.className == name || $0.className.dropLast("ForCausalLM".count) + "Model" == name
            })
        else {
            throw .unsupportedArchitecture(
                path: fields.path, key: "architectures", found: name)
        }
        return architecture
    }

    /// Throws for classes of embedding models with bidirectional attention, which keep the type of
    /// the model that they are derived from.
    private static func checkClass(
        _ fields: ConfigurationFields
    ) throws(ModelConfigurationError) {
        for name in fields.object["architectures"]?.arrayValue?.compactMap(\.stringValue) ?? []
        where ["Bidirectional", "Bidirec", "BiModel", "BiFor", "Encoder"].contains(where: {
            name.contains($0)
        }) {
            throw .unsupportedArchitecture(
                path: fields.path, key: "architectures", found: name)
        }
    }

    /// Mistral has one window for all layers; Qwen has one only with `use_sliding_window`, for
    /// layers from `max_window_layers` on; `layer_types` overrides both. Llama has none.
    private static func slidingWindows(
        _ fields: ConfigurationFields, architecture: Architecture, layerCount: Int
    ) throws(ModelConfigurationError) -> [Int?] {
        let given = try fields.integer("sliding_window", in: 1...(1 << 30))
        var window: Int?
        switch architecture {
        case .llama: window = nil
        case .mistral, .qwen2, .qwen3:
            window = given ?? (fields.has("sliding_window", orNull: true) ? nil : 4096)
        }
        let isQwen = architecture == .qwen2 || architecture == .qwen3
        if isQwen, try fields.boolean("use_sliding_window") != true { window = nil }
        guard let types = try fields.strings("layer_types") else {
            guard isQwen else { return [Int?](repeating: window, count: layerCount) }
            let first = try fields.integer("max_window_layers", in: 0...(1 << 30)) ?? 28
            return (0..<layerCount).map { $0 >= first ? window : nil }
        }
        guard types.count == layerCount else {
            throw .inconsistent(
                path: fields.path, key: "layer_types",
                fact: "\(types.count) entries for \(layerCount) layers")
        }
        var windows = [Int?](repeating: nil, count: layerCount)
        for (layer, type) in types.enumerated() {
            switch type {
            case "full_attention", "attention": break
            case "sliding_attention":
                guard let window else {
                    throw .inconsistent(
                        path: fields.path, key: "layer_types",
                        fact: "a sliding layer, but the model has no sliding window")
                }
                windows[layer] = window
            default: throw .unsupported(path: fields.path, key: "layer_types", found: type)
            }
        }
        return windows
    }
}
