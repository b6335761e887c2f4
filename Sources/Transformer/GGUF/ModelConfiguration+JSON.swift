import Foundation
import JSON

extension ModelConfiguration {
    /// An equivalent `config.json`, for folders converted from other formats.
    ///
    /// - Parameter elementType: torch's name of the type of the folder's weights.
    package func json(elementType: String, bosID: Int32?, eosID: Int32?) -> Data {
        // A sliding window in every layer means Mistral, whose files otherwise equal Llama's.
        let window = slidingWindows.first.flatMap { $0 }
        let type = architecture == .llama && window != nil ? Architecture.mistral : architecture
        var object: JSONObject = [
            "model_type": .string(type.rawValue), "architectures": [.string(type.className)],
            "vocab_size": .init(vocabularySize), "hidden_size": .init(hiddenSize),
            "intermediate_size": .init(intermediateSize), "num_hidden_layers": .init(layerCount),
            "num_attention_heads": .init(headCount),
            "num_key_value_heads": .init(keyValueHeadCount), "head_dim": .init(headDimension),
            "rms_norm_eps": .number(Self.shortest(normEpsilon)),
            "max_position_embeddings": .init(maximumPositions), "hidden_act": "silu",
            "rope_theta": .number(rope.theta), "tie_word_embeddings": .bool(isTied),
            "dtype": .string(elementType), "attention_bias": .bool(hasQueryKeyValueBias),
            "mlp_bias": .bool(hasFeedForwardBias),
        ]
        if type == .mistral { object["sliding_window"] = window.map { .init($0) } }
        if let bosID { object["bos_token_id"] = .init(bosID) }
        if let eosID { object["eos_token_id"] = .init(eosID) }
        object["rope_scaling"] = Self.json(rope.scaling)
        return Data((JSONValue.object(object).indentedText + "\n").utf8)
    }

    /// The double with the fewest digits that rounds to this float: 1e-05, not
    /// 9.999999747378752e-06.
    private static func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

    private static func json(_ scaling: RopeConfiguration.Scaling) -> JSONValue? {
        switch scaling {
        case .none: nil
        case .linear(let factor): ["rope_type": "linear", "factor": .number(factor)]
        case .dynamic(let factor, _): ["rope_type": "dynamic", "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let original):
            [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high),
                "original_max_position_embeddings": .init(original),
            ]
        case .yarn(let factor, let attention, let fast, let slow, let truncate, let original):
            [
                "rope_type": "yarn", "factor": .number(factor),
                "attention_factor": .number(attention), "beta_fast": .number(fast),
                "beta_slow": .number(slow), "truncate": .bool(truncate),
                "original_max_position_embeddings": .init(original),
            ]
        case .longrope(let short, let long, let attention, let original):
            [
                "rope_type": "longrope", "short_factor": .array(short.map { .number($0) }),
                "long_factor": .array(long.map { .number($0) }),
                "attention_factor": .number(attention), "factor": 1.0,
                "original_max_position_embeddings": .init(original),
            ]
        }
    }
}
