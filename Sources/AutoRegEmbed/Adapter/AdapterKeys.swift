import JSON
import Tensors

/// Every key that PEFT writes into an `adapter_config.json`, and what becomes of it.
///
/// A key is computed, is harmless because no vector depends on it, or must be off: null, false, empty.
/// One that is not listed, as a later PEFT may have, must be off, too.
///
/// Source: `LoraConfig` and `PeftConfig` of PEFT 0.21.
enum AdapterKeys {
    /// ``AdapterConfiguration`` reads these.
    private static let computed: Set<String> = [
        "alpha_pattern", "base_model_name_or_path", "exclude_modules", "init_lora_weights",
        "layers_pattern", "layers_to_transform", "lora_alpha", "modules_to_save", "peft_type", "r",
        "rank_pattern", "target_modules", "trainable_token_indices", "use_rslora",
    ]

    /// What happened in training, what was looked for where, and what only counts beside another key
    /// that is on.
    private static let harmless: Set<String> = [
        "auto_mapping", "corda_config", "ensure_weight_tying", "eva_config", "inference_mode",
        "loftq_config", "lora_dropout", "lora_ga_config", "megatron_core", "merge_weights",
        "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type",
    ]

    /// Known, and not computed.
    private static let refused: Set<String> = [
        "alora_invocation_tokens", "arrow_config", "bias", "enable_lora", "fan_in_fan_out",
        "kasa_config", "layer_replication", "lora_bias", "megatron_config", "monteclora_config",
        "target_parameters", "use_bdlora", "use_dora", "use_qalora", "velora_config",
    ]

    /// Ways to begin that leave the base as it is. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA take from
    /// the base's weights what the adapter begins with, so that the adapter belongs to other weights
    /// than the base's own.
    private static let initializations: Set<String> = ["eva", "gaussian", "mica", "orthogonal"]

    static func check(_ fields: SettingsFields) throws(AutoRegEmbedError) {
        if let type = try fields.string("peft_type"), type != "LORA" {
            throw fields.wrong("peft_type", "\(type) is not supported, only LORA")
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
        for key in fields.object.keys where !computed.contains(key) && !harmless.contains(key) {
            guard let value = fields[key], !isOff(value, key: key) else { continue }
            if refused.contains(key) {
                throw fields.wrong(
                    key, (value.stringValue.map { "\($0) " } ?? "") + "is not supported")
            }
            throw fields.wrong(
                key, "is not a setting that is known here, so its effect on vectors is not either")
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
