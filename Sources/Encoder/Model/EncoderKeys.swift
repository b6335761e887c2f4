import JSON
import Transformer

/// What becomes of each key of an encoder's `config.json`.
///
/// A key is computed (``EncoderConfiguration`` reads it), or harmless (no state depends on it). Of the
/// others those pass whose name has no word of a forward pass. The rest must be off, so that a variant
/// of BERT is refused by name and never taken for the plain one.
///
/// Sources: `BertConfig` of transformers 5 and earlier versions, and the files of published models.
enum EncoderKeys {
    private static let computed: Set<String> = [
        "architectures", "hidden_act", "hidden_size", "intermediate_size", "layer_norm_eps",
        "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers",
        "position_embedding_type", "type_vocab_size", "vocab_size",
    ]

    /// Their names have a word of a forward pass, but no state depends on them: which kernel computes,
    /// what only training or the pooler reads, which pooled vectors do not come from.
    private static let harmless: Set<String> = [
        "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal",
        "attn_implementation", "chunk_size_feed_forward", "initializer_factor",
        "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
        "use_flash_attention", "use_flash_attention_2",
    ]

    /// Must be off whatever their words.
    private static let refused: Set<String> = [
        "add_cross_attention", "auto_map", "compression_config", "embedding_size", "is_decoder",
        "is_encoder_decoder", "pruned_heads", "quantization", "quantization_config",
    ]

    static func check(_ fields: ConfigurationFields) throws(ModelConfigurationError) {
        for key in fields.object.keys where !computed.contains(key) && !harmless.contains(key) {
            guard let value = fields.object[key], !ConfigurationKeys.isOff(value, key: key) else {
                continue
            }
            let words = ConfigurationKeys.words(of: key)
            if words.contains(where: { $0 == "dropout" || $0 == "prob" }) { continue }
            guard refused.contains(key) || !ConfigurationKeys.words.isDisjoint(with: words) else {
                continue
            }
            throw .unsupported(
                path: fields.path, key: key, found: ConfigurationKeys.describe(value))
        }
    }
}
