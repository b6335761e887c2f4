import FileFormat
import Foundation

extension ModelConfiguration {
    /// `llama` for Llama and Mistral, else the architecture's own name.
    package var ggufArchitecture: String {
        architecture == .mistral ? Architecture.llama.rawValue : architecture.rawValue
    }

    /// Adds the keys that llama.cpp reads the model's shape from.
    ///
    /// - Throws: `ModelError` for what the format cannot express.
    package func write(to writer: inout GGUFWriter, path: String) throws(ModelError) {
        let name = ggufArchitecture
        writer.set("general.architecture", name)
        writer.set("\(name).context_length", maximumPositions)
        writer.set("\(name).embedding_length", hiddenSize)
        writer.set("\(name).feed_forward_length", intermediateSize)
        writer.set("\(name).block_count", layerCount)
        writer.set("\(name).attention.head_count", headCount)
        writer.set("\(name).attention.head_count_kv", keyValueHeadCount)
        writer.set("\(name).attention.key_length", headDimension)
        writer.set("\(name).attention.value_length", headDimension)
        writer.set("\(name).attention.layer_norm_rms_epsilon", normEpsilon)
        writer.set("\(name).rope.dimension_count", headDimension)
        writer.set("\(name).rope.freq_base", Float(rope.theta))
        writer.set("\(name).vocab_size", vocabularySize)
        if let window = slidingWindows.first ?? nil {
            guard name == "llama", slidingWindows.allSatisfy({ $0 == window }) else {
                throw .configuration(
                    .unsupported(path: path, key: "sliding_window", found: "in a GGUF file"))
            }
            writer.set("\(name).attention.sliding_window", window)
        } else if slidingWindows.contains(where: { $0 != nil }) {
            throw .configuration(
                .unsupported(path: path, key: "layer_types", found: "in a GGUF file"))
        }
        switch rope.scaling {
        case .none, .llama3: break
        case .linear(let factor):
            writer.set("\(name).rope.scaling.type", "linear")
            writer.set("\(name).rope.scaling.factor", Float(factor))
        case .yarn(let factor, let attention, let fast, let slow, let truncate, let original):
            let usual = factor <= 1 ? 1 : 0.1 * log(factor) + 1
            guard truncate, (attention / usual - 1).magnitude < 1e-6 else {
                throw .configuration(
                    .unsupported(
                        path: path, key: "rope_scaling.attention_factor", found: "in a GGUF file"))
            }
            writer.set("\(name).rope.scaling.type", "yarn")
            writer.set("\(name).rope.scaling.factor", Float(factor))
            writer.set("\(name).rope.scaling.original_context_length", original)
            writer.set("\(name).rope.scaling.yarn_beta_fast", Float(fast))
            writer.set("\(name).rope.scaling.yarn_beta_slow", Float(slow))
        case .longrope where frequencyDivisors != nil: break
        case .dynamic, .longrope:
            throw .configuration(
                .unsupported(path: path, key: "rope_scaling", found: "in a GGUF file"))
        }
    }

    /// Llama 3's scaling as the numbers that divide the plain frequencies, the tensor
    /// `rope_freqs.weight`; nil for a model without it.
    package var frequencyDivisors: [Float]? {
        switch rope.scaling {
        case .llama3:
            let plain = RopeConfiguration(theta: rope.theta, scaling: .none)
            let (own, others) = (
                rope.frequencies(headDimension: headDimension, length: 1),
                plain.frequencies(headDimension: headDimension, length: 1)
            )
            return zip(others, own).map { $0 / $1 }
        // As such files are read.
        case .longrope(let short, let long, 1, _) where short == long:
            return short.map { Float($0) }
        default: return nil
        }
    }

    /// llama.cpp's name of a parameter.
    package func ggufName(of parameter: String) -> String {
        GGUFParameterNames.tensor(of: parameter) ?? parameter
    }

    /// Which row of a parameter is row i in the file: llama.cpp pairs neighboring elements of a head of
    /// queries and keys, transformers those that are half a head apart.
    package func ggufRowOrder(of parameter: ParameterDeclaration) -> (Int) -> Int {
        let isPermuted =
            ggufArchitecture == "llama"
            && [".self_attn.q_proj.", ".self_attn.k_proj."].contains {
                parameter.name.contains($0)
            }
        guard isPermuted else { return { $0 } }
        let (dimension, half) = (headDimension, headDimension / 2)
        return { row in
            let (head, place) = (row / dimension, row % dimension)
            return head * dimension + place % 2 * half + place / 2
        }
    }
}
