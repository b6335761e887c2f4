import FileFormat
import Foundation
import JSON
import Transformer
import VectorMath

/// The shape and settings of a BERT encoder (Devlin et al. 2019), as `config.json` has them.
///
/// Read as transformers reads them, its defaults for absent keys included. Every number is bounded
/// before anything is computed from it.
struct EncoderConfiguration: Sendable, Equatable {
    /// Rows of the word embeddings, V.
    let vocabularySize: Int
    /// Width of the residual stream, H.
    let hiddenSize: Int
    /// Width inside the feed-forward layer.
    let intermediateSize: Int
    let layerCount: Int
    /// Divides `hiddenSize`.
    let headCount: Int
    /// Rows of the position embeddings: the longest input.
    let maximumPositions: Int
    /// Rows of the token type embeddings, of which a text alone uses the first.
    let typeCount: Int
    /// Added to the variance in every LayerNorm.
    let normEpsilon: Float
    let activation: Activation

    /// Width of one head.
    var headDimension: Int { hiddenSize / headCount }

    /// Reads a folder's `config.json`.
    init(folder: URL) throws(ModelConfigurationError) {
        let path = folder.appendingPathComponent("config.json").path
        let file: MappedFile
        do { file = try MappedFile(modelFile: path) } catch { throw .file(error) }
        try self.init(json: file.bytes, path: path)
    }

    /// - Parameter path: names the bytes in messages.
    init(json: UnsafeRawBufferPointer, path: String) throws(ModelConfigurationError) {
        let fields = try ConfigurationFields(json: json, path: path)
        // A variant's own class, under the type of the model that it was made from.
        for name in try fields.strings("architectures") ?? [] where !name.hasPrefix("Bert") {
            throw .unsupportedArchitecture(path: path, key: "architectures", found: name)
        }
        try EncoderKeys.check(fields)
        vocabularySize = try fields.integer("vocab_size", in: 1...(1 << 24)) ?? 30522
        hiddenSize = try fields.integer("hidden_size", in: 1...(1 << 17)) ?? 768
        intermediateSize = try fields.integer("intermediate_size", in: 1...(1 << 20)) ?? 3072
        layerCount = try fields.integer("num_hidden_layers", in: 1...4096) ?? 12
        headCount = try fields.integer("num_attention_heads", in: 1...4096) ?? 12
        guard hiddenSize % headCount == 0 else {
            throw .inconsistent(
                path: path, key: "num_attention_heads",
                fact: "\(headCount) does not divide hidden_size \(hiddenSize)")
        }
        maximumPositions = try fields.integer("max_position_embeddings", in: 1...(1 << 24)) ?? 512
        typeCount = try fields.integer("type_vocab_size", in: 1...(1 << 16)) ?? 2
        normEpsilon = Float(try fields.number("layer_norm_eps", in: 0...1) ?? 1e-12)
        let name = try fields.string("hidden_act") ?? "gelu"
        switch name {
        case "gelu", "gelu_python": activation = .gelu
        case "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python_tanh":
            activation = .geluByTanh
        case "relu": activation = .relu
        default: throw .unsupported(path: path, key: "hidden_act", found: name)
        }
        let positions = try fields.string("position_embedding_type") ?? "absolute"
        guard positions == "absolute" else {
            throw .unsupported(path: path, key: "position_embedding_type", found: positions)
        }
    }
}
