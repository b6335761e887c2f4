/// A parameter of a checkpoint: its name in transformers, and its shape.
///
/// The weight of a linear layer is stored as `[outputs, inputs]`, so that y = x W^T + b.
package struct ParameterDeclaration: Sendable, Equatable {
    package let name: String
    package let shape: [Int]

    package init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }
}

/// The seven linear layers of a block, by their names in it.
package enum Projection: String, Sendable, CaseIterable {
    case query = "self_attn.q_proj"
    case key = "self_attn.k_proj"
    case value = "self_attn.v_proj"
    case attentionOutput = "self_attn.o_proj"
    case gate = "mlp.gate_proj"
    case up = "mlp.up_proj"
    case down = "mlp.down_proj"

    /// The last part of the name, as in PEFT's `target_modules`: `q_proj`.
    package var shortName: String { String(rawValue.split(separator: ".")[1]) }
}

extension ModelConfiguration {
    package static let embeddingName = "model.embed_tokens.weight"
    package static let finalNormName = "model.norm.weight"
    package static let outputName = "lm_head.weight"

    package static func layerPrefix(_ layer: Int) -> String { "model.layers.\(layer)." }

    package static func weightName(_ projection: Projection, layer: Int) -> String {
        "\(layerPrefix(layer))\(projection.rawValue).weight"
    }

    package static func biasName(_ projection: Projection, layer: Int) -> String {
        "\(layerPrefix(layer))\(projection.rawValue).bias"
    }

    /// `[outputs, inputs]`
    package func shape(of projection: Projection) -> [Int] {
        switch projection {
        case .query: [queryWidth, hiddenSize]
        case .key, .value: [keyValueWidth, hiddenSize]
        case .attentionOutput: [hiddenSize, queryWidth]
        case .gate, .up: [intermediateSize, hiddenSize]
        case .down: [hiddenSize, intermediateSize]
        }
    }

    package func hasBias(_ projection: Projection) -> Bool {
        switch projection {
        case .query, .key, .value: hasQueryKeyValueBias
        case .attentionOutput: hasAttentionOutputBias
        case .gate, .up, .down: hasFeedForwardBias
        }
    }

    /// All parameters of a checkpoint with this configuration, in the model's order. With tied
    /// embeddings there is no `lm_head.weight`.
    package var parameters: [ParameterDeclaration] {
        var parameters = [
            ParameterDeclaration(name: Self.embeddingName, shape: [vocabularySize, hiddenSize])
        ]
        for layer in 0..<layerCount {
            let prefix = Self.layerPrefix(layer)
            func add(_ name: String, _ shape: [Int]) {
                parameters.append(ParameterDeclaration(name: prefix + name, shape: shape))
            }
            add("input_layernorm.weight", [hiddenSize])
            for projection in Projection.allCases {
                let shape = shape(of: projection)
                add("\(projection.rawValue).weight", shape)
                if hasBias(projection) { add("\(projection.rawValue).bias", [shape[0]]) }
                if projection == .attentionOutput {
                    if hasQueryKeyNorm {
                        add("self_attn.q_norm.weight", [headDimension])
                        add("self_attn.k_norm.weight", [headDimension])
                    }
                    add("post_attention_layernorm.weight", [hiddenSize])
                }
            }
        }
        parameters.append(ParameterDeclaration(name: Self.finalNormName, shape: [hiddenSize]))
        if !isTied {
            parameters.append(
                ParameterDeclaration(name: Self.outputName, shape: [vocabularySize, hiddenSize]))
        }
        return parameters
    }
}
