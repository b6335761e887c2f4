import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// What a model is, from its files' heads: no weight is read.
public struct ModelSummary: Sendable {
    /// `llama`, `mistral`, `qwen2` or `qwen3`.
    public let architecture: String
    /// Numbers in all weights.
    public let parameters: Int
    /// Of all weights, as they are stored.
    public let bytes: Int
    /// What most of the weights' bytes are stored as: `BF16`, `Q4_1`.
    public let elementType: String
    /// The number of a vector's elements.
    public let dimensions: Int
    /// The most positions.
    public let context: Int
    /// As the file says; nil if it does not.
    public let license: String?
    /// How states become a vector.
    public let pooling: Pooling
    public let template: String
    /// By task and use: `retrieval.next`.
    public let instructions: [String: String]
    /// How many ids the tokenizer has.
    public let vocabulary: Int
}

extension AutoRegEmbedder {
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

    /// 32 hexadecimal digits over whatever changes a vector. The first use reads all weights.
    public var modelFingerprint: String { fingerprint }
}
