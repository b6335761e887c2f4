import JSON
import Tensors

/// How each key of a `config.json` is handled.
///
/// A key is computed (``ModelConfiguration`` reads it) or ignored (no state depends on it). Any
/// other key must be off if its name contains a word related to the forward pass, so that a variant
/// of an architecture is rejected by name and not mistaken for the plain one. The rest are ignored:
/// programs store their own notes in this file.
///
/// Sources: the configuration classes of transformers 5, and the files of published models.
package enum ConfigurationKeys {
    /// Keys that are read for every architecture.
    private static let computed: Set<String> = [
        "architectures", "dtype", "eos_token_id", "head_dim", "hidden_act", "hidden_size",
        "intermediate_size", "layer_types", "max_position_embeddings", "model_type",
        "num_attention_heads", "num_hidden_layers", "num_key_value_heads",
        "original_max_position_embeddings", "partial_rotary_factor", "quantization_config",
        "rms_norm_eps", "rope_parameters", "rope_scaling", "rope_theta", "sliding_window",
        "tie_word_embeddings", "torch_dtype", "vocab_size",
    ]

    /// Keys that are read for some architectures. For the others transformers ignores them, and a
    /// checkpoint that relies on them has tensors that the architecture lacks.
    private static let computedForSome: [String: [ModelConfiguration.Architecture]] = [
        "attention_bias": [.llama, .qwen2, .qwen3], "mlp_bias": [.llama],
        "use_sliding_window": [.qwen2, .qwen3],
    ]

    /// Keys whose names contain a word related to the forward pass, but that no state depends on:
    /// the choice of kernel, additional results, initialization, limits of other programs.
    private static let harmless: Set<String> = [
        "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal",
        "_experts_implementation", "_flash_attn_2_enabled", "attn_implementation",
        "chunk_size_feed_forward", "dual_chunk_attention_config", "flash_attention",
        "initializer_factor", "max_window_layers", "n_head", "n_heads", "n_layer", "n_layers",
        "num_heads", "num_layers", "use_cache_kernel", "use_cache_quantization", "use_flash_attn",
        "use_flash_attention", "use_flash_attention_2",
    ]

    /// Keys that must be off or neutral, although their names contain none of the words.
    private static let refused: Set<String> = [
        "add_cross_attention", "compression_config", "is_causal", "is_encoder_decoder",
        "pruned_heads", "quantization", "rope_interleaved",
    ]

    /// Words of a forward pass.
    package static let words: Set<String> = [
        "act", "activation", "alibi", "attention", "attn", "bias", "bidirectional", "cap", "causal",
        "clamp", "clip", "compression", "conv", "eps", "epsilon", "expert", "experts", "factor",
        "ffn", "head", "heads", "interleaved", "kv", "layer", "layernorm", "layers", "mlp", "moe",
        "mrope", "multiplier", "norm", "position", "qk", "qkv", "quant", "quantization",
        "quantized", "residual", "rmsnorm", "rope", "rotary", "router", "scale", "scaling", "sink",
        "sinks", "softcap", "softcapping", "softmax", "sparse", "sparsity", "theta", "window",
    ]

    /// Keys of the rotary embedding's settings that are read for some type, or that transformers
    /// ignores.
    private static let rope: Set<String> = [
        "attention_factor", "beta_fast", "beta_slow", "factor", "finetuned", "high_freq_factor",
        "long_factor", "low_freq_factor", "mscale", "mscale_all_dim",
        "original_max_position_embeddings", "partial_rotary_factor", "rope_theta", "rope_type",
        "short_factor", "truncate", "type",
    ]

    static func check(
        _ fields: ConfigurationFields, _ architecture: ModelConfiguration.Architecture
    ) throws(ModelConfigurationError) {
        for key in fields.object.keys where !computed.contains(key) && !harmless.contains(key) {
            if let readers = computedForSome[key], readers.contains(architecture) { continue }
            guard let value = fields.object[key], !isOff(value, key: key) else { continue }
            let words = words(of: key)
            if words.contains(where: { $0 == "dropout" || $0 == "pdrop" }) { continue }
            guard
                refused.contains(key) || computedForSome[key] != nil
                    || !Self.words.isDisjoint(with: words)
            else { continue }
            throw .unsupported(path: fields.path, key: key, found: describe(value))
        }
    }

    package static func words(of key: String) -> [String] {
        key.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    static func check(rope fields: ConfigurationFields) throws(ModelConfigurationError) {
        for key in fields.object.keys where !rope.contains(key) {
            guard let value = fields.object[key], !isOff(value, key: key) else { continue }
            throw .unsupported(
                path: fields.path, key: fields.prefix + key, found: describe(value))
        }
    }

    /// Whether the value says that the key's setting is not used.
    package static func isOff(_ value: JSONValue, key: String) -> Bool {
        switch value {
        case .null, .string(""): return true
        case .bool(let bool): return bool == (key == "is_causal")
        case .array(let array): return array.isEmpty
        case .object(let object): return object.isEmpty
        case .integer(let number): return isNeutral(Double(number), key: key)
        case .number(let number): return isNeutral(number, key: key)
        case .largeInteger: return false
        case .string: return false
        }
    }

    /// A factor of 1 has no effect, except for attention's, which replaces 1/sqrt(d).
    private static func isNeutral(_ number: Double, key: String) -> Bool {
        number == 1 && !key.contains("attention") && !key.contains("attn")
            && ["multiplier", "scale", "scaling", "factor"].contains { key.hasSuffix($0) }
    }

    package static func describe(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .largeInteger(let number): number.description
        case .string(let string): string
        case .array, .object: "present"
        }
    }
}
