import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// A description of a model from its files' headers; no weights are read.
public struct ModelSummary: Sendable {
    /// `llama`, `mistral`, `qwen2` or `qwen3`.
    public let architecture: String
    /// The number of parameters stored in the weights.
    public let parameters: Int
    /// The size of all weights as stored, in bytes.
    public let bytes: Int
    /// The element type of most of these bytes, such as `BF16` or `Q4_1`.
    public let elementType: String
    /// The number of elements in a vector.
    public let dimensions: Int
    /// The context length: the most positions, in tokens.
    public let context: Int
    /// The license in a GGUF file's metadata; nil if it names none.
    public let license: String?
    /// How a vector is computed from the hidden states.
    public let pooling: Pooling
    /// The input template, such as `{bos}{text}{compressed_tokens}`.
    public let template: String
    /// Instructions by task and key, such as `retrieval.next`.
    public let instructions: [String: String]
    /// The number of token ids of the tokenizer.
    public let vocabulary: Int
}

extension AutoRegEmbedder {
    /// A description of the model with its current settings. No weights are read.
    public var summary: ModelSummary {
        let stored = parts.checkpoint.storedTensors
        var bytes: [String: Int] = [:]
        for tensor in stored {
            bytes[tensor.elementType.rawValue, default: 0] += tensor.bytes.count
        }
        let most = bytes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "none"
        var instructions: [String: String] = [:]
        for (task, texts) in settings.instructions {
            for (use, text) in texts { instructions["\(task.rawValue).\(use)"] = text }
        }
        return ModelSummary(
            architecture: encoder.configuration.architecture.rawValue,
            parameters: stored.reduce(0) { $0 + $1.count }, bytes: parts.checkpoint.byteCount,
            elementType: most, dimensions: dimensions,
            context: encoder.configuration.maximumPositions, license: parts.license,
            pooling: settings.pooling, template: settings.template.source,
            instructions: instructions, vocabulary: tokenizer.vocabularySize)
    }

    /// A hash, as 32 hexadecimal digits, of everything that affects a vector. The first use reads
    /// all weights.
    public var modelFingerprint: String { fingerprint }
}
