import JSON
import Tensors

/// Every key that PEFT writes to an `adapter_config.json`, and how it is handled.
///
/// A key is computed, or ignored because no vector depends on it, or must be off: null, false or
/// empty. An unlisted key, as a later PEFT may write, must be off as well.
///
/// Source: `LoraConfig`, `TrainableTokensConfig` and `PeftConfig` of PEFT 0.21.
enum AdapterKeys {
    /// Keys that ``AdapterConfiguration`` reads.
    private static let computed: Set<String> = [
        "alpha_pattern", "base_model_name_or_path", "exclude_modules", "init_lora_weights",
        "layers_pattern", "layers_to_transform", "lora_alpha", "modules_to_save", "peft_type", "r",
        "rank_pattern", "target_modules", "trainable_token_indices", "use_rslora",
    ]

    /// Keys about training or file locations, and keys that only matter together with another one
    /// that must be off.
    private static let harmless: Set<String> = [
        "auto_mapping", "corda_config", "ensure_weight_tying", "eva_config", "inference_mode",
        "loftq_config", "lora_dropout", "lora_ga_config", "megatron_core", "merge_weights",
        "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type",
    ]

    /// Keys that are known but not supported.
    private static let refused: Set<String> = [
        "alora_invocation_tokens", "arrow_config", "bias", "enable_lora", "fan_in_fan_out",
        "kasa_config", "layer_replication", "lora_bias", "megatron_config", "monteclora_config",
        "target_parameters", "use_bdlora", "use_dora", "use_qalora", "velora_config",
    ]

    /// Initializations that leave the base unchanged. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA
    /// subtract the initial adapter from the base's weights, so their adapters do not fit the
    /// original base.
    private static let initializations: Set<String> = ["eva", "gaussian", "mica", "orthogonal"]

    /// Keys of an adapter that holds rows of the embedding alone, `TRAINABLE_TOKENS`.
    private static let computedOfRows: Set<String> = [
        "base_model_name_or_path", "peft_type", "target_modules", "token_indices",
    ]

    static func check(_ fields: SettingsFields, _ kind: AdapterKind) throws(AutoRegEmbedError) {
        guard kind == .lowRank else {
            return try checkOthersAreOff(
                fields, but: computedOfRows.union(harmless).union(["init_weights"]))
        }
        switch fields["init_lora_weights"] {
        case nil, .bool?: break
        case .string(let name)? where initializations.contains(name.lowercased()): break
        case .string(let name)?:
            throw fields.wrong(
                "init_lora_weights",
                "\(name) is not supported because it may change the base model's weights; have PEFT "
                    + "save the adapter as a plain LoRA "
                    + "(save_pretrained with path_initial_model_for_weight_conversion)")
        default: throw fields.wrong("init_lora_weights", "must be true, false or a name")
        }
        try checkOthersAreOff(fields, but: computed.union(harmless))
    }

    private static func checkOthersAreOff(
        _ fields: SettingsFields, but known: Set<String>
    ) throws(AutoRegEmbedError) {
        for key in fields.object.keys where !known.contains(key) {
            guard let value = fields[key], !isOff(value, key: key) else { continue }
            if refused.contains(key) {
                throw fields.wrong(
                    key, (value.stringValue.map { "\($0) " } ?? "") + "is not supported")
            }
            throw fields.wrong(
                key, "is unknown, and so is its effect on vectors")
        }
    }

    private static func isOff(_ value: JSONValue, key: String) -> Bool {
        switch value {
        case .null, .bool(false), .string(""): true
        case .string(let string): key == "bias" && string == "none"
        case .array(let array): array.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }
}

/// The kinds of adapters that are read, by PEFT's names.
package enum AdapterKind: String, Sendable {
    /// Low-rank changes of layers, rows of the embedding, whole parameters.
    case lowRank = "LORA"
    /// Rows of the embedding alone.
    case trainedRows = "TRAINABLE_TOKENS"

    init(_ fields: SettingsFields) throws(AutoRegEmbedError) {
        guard let name = try fields.string("peft_type") else {
            self = .lowRank
            return
        }
        guard let kind = Self(rawValue: name) else {
            throw fields.wrong(
                "peft_type", "\(name) is not supported, only LORA and TRAINABLE_TOKENS")
        }
        self = kind
    }
}
