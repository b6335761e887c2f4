import FileFormat
import Foundation
import JSON
import Tensors
import TextBytes

/// A source of a checkpoint's tensors.
package protocol TensorSource: Sendable {
    /// The names of all tensors, as in transformers.
    var names: [String] { get }
    func tensor(named name: String) -> TensorView?
    /// The tensors as stored in the files, for fingerprints.
    var storedTensors: [TensorView] { get }
}

/// A model's tensors by name, from one or several safetensors or GGUF files.
package struct Checkpoint: Sendable {
    /// The path for messages: of the file, or of the index of several files.
    package let path: String
    /// The paths of the files, in order.
    package let filePaths: [String]
    private let source: any TensorSource

    package init(path: String, filePaths: [String], source: any TensorSource) {
        (self.path, self.filePaths, self.source) = (path, filePaths, source)
    }

    package init(file: SafetensorsFile) {
        self.init(path: file.path, filePaths: [file.path], source: SafetensorsSource(file))
    }

    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
    package init(folder: URL) throws(ModelError) {
        let single = folder.appendingPathComponent("model.safetensors").path
        let index = folder.appendingPathComponent("model.safetensors.index.json").path
        if FileManager.default.fileExists(atPath: single) {
            do { self.init(file: try SafetensorsFile(path: single)) } catch {
                throw .checkpoint(error)
            }
        } else if FileManager.default.fileExists(atPath: index) {
            let source = try SafetensorsSource(index: index, folder: folder)
            self.init(path: index, filePaths: source.files.map(\.path), source: source)
        } else {
            throw .noWeights(folder: folder.path, others: Self.otherWeights(in: folder))
        }
    }

    package var names: [String] { source.names }

    /// The tensors as stored in the files, for fingerprints.
    package var storedTensors: [TensorView] { source.storedTensors }

    /// Whether some tensors are quantized.
    package var isQuantized: Bool { storedTensors.contains { $0.elementType.isQuantized } }

    /// The size of all tensors in bytes.
    package var byteCount: Int { storedTensors.reduce(0) { $0 + $1.bytes.count } }

    /// The tensor of that name; nil if there is none. Checkpoints of a bare `LlamaModel` lack the
    /// prefix `model.`; both forms are found by the full name.
    package func tensor(named name: String) -> TensorView? {
        if let tensor = source.tensor(named: name) { return tensor }
        guard name.hasPrefix("model.") else { return nil }
        return source.tensor(named: String(name.dropFirst(6)))
    }

    /// Throws if a layer of the checkpoint has tensors that the configuration does not, such as
    /// biases or norms of a variant of the architecture.
    package func checkIsKnown(to configuration: ModelConfiguration) throws(ModelError) {
        let known = Set(configuration.parameters.map(\.name))
        for name in names {
            let full = name.hasPrefix("model.") ? name : "model." + name
            // Old checkpoints contain the rotary embedding's frequencies, which are computed
            // instead.
            guard full.hasPrefix("model.layers."), !known.contains(full),
                !full.hasSuffix(".rotary_emb.inv_freq"),
                let layer = full.dropFirst("model.layers.".count).split(separator: ".").first,
                let number = Int(layer), number < configuration.layerCount
            else { continue }
            throw .unknownTensor(path: path, tensor: name)
        }
    }

    /// Names of weight files in formats that are not supported.
    private static func otherWeights(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { name in
            [
                ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf",
                ".onnx",
            ]
            .contains { name.hasSuffix($0) } && name != "training_args.bin"
        }.sorted()
    }

    /// The tensor of that name.
    ///
    /// - Throws: `ModelError` if it is missing, is not a weight, or has another shape.
    package func weight(
        named name: String, shape: [Int]
    ) throws(ModelError) -> TensorView {
        guard let tensor = tensor(named: name) else {
            throw .missingTensor(path: path, tensor: name)
        }
        guard tensor.elementType.isWeight else {
            throw .wrongElementType(
                path: path, tensor: name, found: tensor.elementType.rawValue)
        }
        guard tensor.shape == shape else {
            throw .wrongShape(path: path, tensor: name, expected: shape, found: tensor.shape)
        }
        return tensor
    }
}

/// The tensors of safetensors files.
struct SafetensorsSource: TensorSource {
    /// The files, in the order of the index.
    let files: [SafetensorsFile]
    private let places: [Identifier: Int]

    init(_ file: SafetensorsFile) {
        files = [file]
        places = Dictionary(uniqueKeysWithValues: file.names.map { (Identifier($0), 0) })
    }

    /// The shards that an index lists.
    init(index: String, folder: URL) throws(ModelError) {
        let file: MappedFile
        do { file = try MappedFile(modelFile: index) } catch { throw .checkpoint(.file(error)) }
        let json: JSONValue
        do { json = try JSONValue(parsing: file.bytes) } catch {
            throw .index(path: index, problem: error.description)
        }
        guard let map = json["weight_map"]?.objectValue else {
            throw .index(path: index, problem: "\"weight_map\" is missing or not an object")
        }
        var files: [SafetensorsFile] = []
        var numbers: [Identifier: Int] = [:]
        var places: [Identifier: Int] = [:]
        for (name, shard) in map {
            guard let shard = shard.stringValue, !shard.isEmpty, !shard.contains("/"),
                shard != "..", shard != "."
            else {
                throw .index(
                    path: index, problem: "\"\(name)\" must name a file in the same folder")
            }
            if numbers[Identifier(shard)] == nil {
                let path = folder.appendingPathComponent(shard).path
                do { files.append(try SafetensorsFile(path: path)) } catch {
                    throw .checkpoint(error)
                }
                numbers[Identifier(shard)] = files.count - 1
            }
            guard let number = numbers[Identifier(shard)], files[number].contains(name) else {
                throw .index(path: index, problem: "\"\(name)\" is not in \(shard)")
            }
            places[Identifier(name)] = number
        }
        (self.files, self.places) = (files, places)
    }

    var names: [String] { places.keys.map(\.text) }

    func tensor(named name: String) -> TensorView? {
        places[Identifier(name)].flatMap { try? files[$0].tensor(named: name) }
    }

    var storedTensors: [TensorView] { names.compactMap { tensor(named: $0) } }
}
