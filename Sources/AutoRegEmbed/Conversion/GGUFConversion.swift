import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// Converts a GGUF model to a Hugging Face folder, which can be trained and loaded by other
/// programs.
///
///     config.json                                the metadata's shapes
///     tokenizer.json, tokenizer_config.json      the metadata's tokenizer
///     model.safetensors                          the weights, dequantized exactly to float32
public struct GGUFConversion {
    private let model: GGUFModel
    private let tokenizer: Tokenizer

    /// Opens a GGUF file; weights are memory-mapped.
    ///
    /// - Throws: ``AutoRegEmbedError``
    public init(file: URL) throws {
        do { model = try GGUFModel(path: file.path) } catch {
            throw AutoRegEmbedError.model(error)
        }
        do { tokenizer = try Tokenizer(metadata: model.files.metadata) } catch {
            throw AutoRegEmbedError.tokenizer(error)
        }
    }

    private static let sourceKey = "gguf_fingerprint"

    /// Writes the folder. Each file is written atomically, the weights last. A folder already made
    /// from the same weights is left unchanged.
    ///
    /// - Throws: `FileError`, or Foundation's error if the folder cannot be created.
    public func write(to folder: URL) throws {
        let weights = folder.appendingPathComponent("model.safetensors").path
        let fingerprint = Fingerprint.weights(of: model.checkpoint).hexadecimal
        if let done = try? SafetensorsFile(path: weights),
            done.metadata[Self.sourceKey] == fingerprint
        {
            return
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = model.configuration.json(
            elementType: "float32", bosID: tokenizer.bosID, eosID: tokenizer.eosID)
        let files = try tokenizer.files()
        for (name, data) in [
            ("config.json", configuration), ("tokenizer.json", files.tokenizer),
            ("tokenizer_config.json", files.configuration ?? Data("{}".utf8)),
        ] {
            let file = try AtomicFile(path: folder.appendingPathComponent(name).path)
            try file.write(Array(data))
            try file.commit()
        }
        let checkpoint = model.checkpoint
        try SafetensorsWriter.write(
            to: weights,
            tensors: model.configuration.parameters.map {
                .init(name: $0.name, shape: $0.shape, elementType: .float32)
            },
            metadata: ["format": "pt", Self.sourceKey: fingerprint]
        ) { declaration, write in
            let tensor = try checkpoint.weight(named: declaration.name, shape: declaration.shape)
            // One row at a time, so that no table is in memory twice.
            let width = declaration.shape.last ?? 1
            var row = [Float](repeating: 0, count: width)
            for start in stride(from: 0, to: tensor.count, by: width) {
                row.withUnsafeMutableBufferPointer {
                    tensor.copyFloats(start..<start + width, to: $0)
                }
                try row.withUnsafeBytes { try write($0) }
            }
        }
    }
}
