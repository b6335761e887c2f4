import Foundation

extension ModelConfiguration {
    /// `config.json` that says the same, for folders that are made from models of another form.
    ///
    /// - Parameter elementType: what the folder's weights are stored as, by torch's name.
    package func json(elementType: String, bosID: Int32?, eosID: Int32?) -> Data {
        // A window in every layer is Mistral's; its files are Llama's in all else.
        let window = slidingWindows.first.flatMap { $0 }
        let type = architecture == .llama && window != nil ? Architecture.mistral : architecture
        var object: [String: Any] = [
            "model_type": type.rawValue, "architectures": [type.className],
            "vocab_size": vocabularySize, "hidden_size": hiddenSize,
            "intermediate_size": intermediateSize, "num_hidden_layers": layerCount,
            "num_attention_heads": headCount, "num_key_value_heads": keyValueHeadCount,
            "head_dim": headDimension, "rms_norm_eps": Self.shortest(normEpsilon),
            "max_position_embeddings": maximumPositions, "hidden_act": "silu",
            "rope_theta": rope.theta, "tie_word_embeddings": isTied, "dtype": elementType,
            "attention_bias": hasQueryKeyValueBias, "mlp_bias": hasFeedForwardBias,
        ]
        if type == .mistral { object["sliding_window"] = window }
        if let bosID { object["bos_token_id"] = Int(bosID) }
        if let eosID { object["eos_token_id"] = Int(eosID) }
        object["rope_scaling"] = Self.json(rope.scaling)
        // Only numbers, strings, and arrays and objects of them were put in.
        return
            (try? JSONSerialization.data(
                withJSONObject: object,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]))
            ?? Data()
    }

    /// The double with the fewest digits that is this float: 1e-05, not 9.999999747378752e-06.
    private static func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

    private static func json(_ scaling: RopeConfiguration.Scaling) -> [String: Any]? {
        switch scaling {
        case .none: nil
        case .linear(let factor): ["rope_type": "linear", "factor": factor]
        case .dynamic(let factor, _): ["rope_type": "dynamic", "factor": factor]
        case .llama3(let factor, let low, let high, let original):
            [
                "rope_type": "llama3", "factor": factor, "low_freq_factor": low,
                "high_freq_factor": high, "original_max_position_embeddings": original,
            ]
        case .yarn(let factor, let attention, let fast, let slow, let truncate, let original):
            [
                "rope_type": "yarn", "factor": factor, "attention_factor": attention,
                "beta_fast": fast, "beta_slow": slow, "truncate": truncate,
                "original_max_position_embeddings": original,
            ]
        case .longrope(let short, let long, let attention, let original):
            [
                "rope_type": "longrope", "short_factor": short, "long_factor": long,
                "attention_factor": attention, "factor": 1.0,
                "original_max_position_embeddings": original,
            ]
        }
    }
}
