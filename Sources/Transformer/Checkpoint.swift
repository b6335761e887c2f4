import FileFormat
import Foundation
import Tensors

/// A model's tensors by name, in one file or several.
package struct Checkpoint: Sendable {
    /// Names the checkpoint in messages: the file, or the index of several.
    package let path: String
    /// In the order of the files and their bytes.
    package let files: [SafetensorsFile]
    private let places: [String: Int]

    package init(file: SafetensorsFile) {
        path = file.path
        files = [file]
        places = Dictionary(uniqueKeysWithValues: file.names.map { ($0, 0) })
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
            try self.init(index: index, folder: folder)
        } else {
            throw .noWeights(folder: folder.path)
        }
    }

    private init(index: String, folder: URL) throws(ModelError) {
        let file: MappedFile
        do { file = try MappedFile(path: index) } catch { throw .checkpoint(.file(error)) }
        let json: StrictJSON
        do { json = try StrictJSON(parsing: file.bytes) } catch {
            throw .index(path: index, problem: error.description)
        }
        guard let map = json.object?["weight_map"]?.object else {
            throw .index(path: index, problem: "\"weight_map\" is missing or not an object")
        }
        var files: [SafetensorsFile] = []
        var numbers: [String: Int] = [:]
        var places: [String: Int] = [:]
        for name in map.keys {
            guard let shard = map[name]?.string, !shard.isEmpty, !shard.contains("/"),
                shard != "..", shard != "."
            else {
                throw .index(
                    path: index, problem: "\"\(name)\" must name a file in the same folder")
            }
            if numbers[shard] == nil {
                let path = folder.appendingPathComponent(shard).path
                do { files.append(try SafetensorsFile(path: path)) } catch {
                    throw .checkpoint(error)
                }
                numbers[shard] = files.count - 1
            }
            guard let number = numbers[shard], files[number].contains(name) else {
                throw .index(path: index, problem: "\"\(name)\" is not in \(shard)")
            }
            places[name] = number
        }
        (self.path, self.files, self.places) = (index, files, places)
    }

    package var names: Dictionary<String, Int>.Keys { places.keys }

    /// Of all tensors.
    package var byteCount: Int {
        names.reduce(0) { $0 + (tensor(named: $1)?.bytes.count ?? 0) }
    }

    /// The tensor, or nil. Checkpoints of a bare `LlamaModel` lack the prefix `model.`; both forms
    /// are found under the full name.
    package func tensor(named name: String) -> TensorView? {
        for candidate in [name, name.hasPrefix("model.") ? String(name.dropFirst(6)) : name] {
            if let place = places[candidate] { return try? files[place].tensor(named: candidate) }
        }
        return nil
    }

    /// The tensor, checked to be a weight of this shape.
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
