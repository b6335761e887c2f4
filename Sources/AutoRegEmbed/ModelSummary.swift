import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// A description of a model from its files' headers; no weights are read.
public struct ModelSummary: Sendable {
    /// `llama`, `mistral`, `qwen2`, `qwen3` or `bert`.
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
    /// The method that a language model was trained with, `autoregembed` or `llm2vec-gen`; nil for an
    /// encoder.
    public let method: String?
    /// How a vector is computed from the hidden states.
    public let pooling: Pooling
    /// The input template, such as `{bos}{text}{compressed_tokens}`.
    public let template: String
    /// Instructions by task and key, such as `retrieval.next`.
    public let instructions: [String: String]
    /// The number of token ids of the tokenizer.
    public let vocabulary: Int

    /// - Parameter checkpoint: of which parameters, bytes and element type are counted.
    package init(
        architecture: String, checkpoint: Checkpoint, dimensions: Int, context: Int,
        license: String?, method: String?, pooling: Pooling, template: String,
        instructions: [String: String],
        vocabulary: Int
    ) {
        let stored = checkpoint.storedTensors
        var byType: [String: Int] = [:]
        for tensor in stored {
            byType[tensor.elementType.rawValue, default: 0] += tensor.bytes.count
        }
        elementType = byType.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "none"
        parameters = stored.reduce(0) { $0 + $1.count }
        bytes = checkpoint.byteCount
        (self.architecture, self.dimensions, self.context) = (architecture, dimensions, context)
        (self.license, self.method) = (license, method)
        (self.pooling, self.template) = (pooling, template)
        (self.instructions, self.vocabulary) = (instructions, vocabulary)
    }
}

extension AutoRegEmbedder {
    /// A description of the model with its current settings. No weights are read.
    public var summary: ModelSummary {
        var instructions: [String: String] = [:]
        for (task, texts) in settings.instructions {
            for (use, text) in texts { instructions["\(task.rawValue).\(use)"] = text }
        }
        return ModelSummary(
            architecture: encoder.configuration.architecture.rawValue,
            checkpoint: parts.checkpoint, dimensions: dimensions,
            context: encoder.configuration.maximumPositions, license: parts.license,
            method: method.rawValue, pooling: settings.pooling, template: settings.template.source,
            instructions: instructions, vocabulary: tokenizer.vocabularySize)
    }

    /// A hash, as 32 hexadecimal digits, of everything that affects a vector. The first use reads
    /// all weights.
    public var modelFingerprint: String { fingerprint }
}
