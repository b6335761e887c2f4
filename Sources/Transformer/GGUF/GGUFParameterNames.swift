/// Maps llama.cpp's names of a decoder's tensors to transformers'.
enum GGUFParameterNames {
    private static let model = [
        "token_embd.weight": ModelConfiguration.embeddingName,
        "output_norm.weight": ModelConfiguration.finalNormName,
        "output.weight": ModelConfiguration.outputName,
    ]

    /// Names after `blk.N.` and `model.layers.N.`, each followed by `.weight` or `.bias`.
    private static let layer = [
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
        "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
        "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]

    /// Tensors that are not parameters: frequencies, which the configuration reads.
    static let frequencies = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    /// The name in transformers; nil for a tensor that these decoders do not have.
    static func name(of tensor: String) -> String? {
        if let name = model[tensor] { return name }
        let parts = tensor.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "blk", let number = Int(parts[1]),
            String(number) == parts[1], number >= 0, let inner = layer[String(parts[2])],
            parts[3] == "weight" || parts[3] == "bias"
        else { return nil }
        return "\(ModelConfiguration.layerPrefix(number))\(inner).\(parts[3])"
    }

    /// llama.cpp's name of a parameter; nil for one that its files do not have.
    static func tensor(of parameter: String) -> String? {
        if let name = model.first(where: { $0.value == parameter })?.key { return name }
        let parts = parameter.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0] == "model", parts[1] == "layers", let end = parts.last
        else { return nil }
        let inner = parts[3..<parts.count - 1].joined(separator: ".")
        return layer.first { $0.value == inner }.map { "blk.\(parts[2]).\($0.key).\(end)" }
    }

    static func isIgnored(_ tensor: String) -> Bool {
        frequencies.contains(tensor) || tensor.hasSuffix(".attn_rot_embd.weight")
            || tensor.hasSuffix(".attn_rot_embd")
    }
}
