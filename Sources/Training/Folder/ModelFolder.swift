import FileFormat
import Foundation
import Tensors
import Transformer

/// A Hugging Face model folder as training reads it.
struct ModelFolder {
    let path: String
    let configuration: ModelConfiguration
    /// In the order of the configuration's shards; empty where the folder has no weights yet.
    private let files: [SafetensorsFile]
    private let fileOf: [String: Int]

    init(path: String) throws(TrainingError) {
        self.path = path
        do {
            configuration = try ModelConfiguration(path: path + "/config.json")
            files = try Self.shards(path).map { try SafetensorsFile(path: $0) }
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .badModel(path: path, reason: "\(error)")
        }
        var fileOf: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for name in file.names { fileOf[name] = index }
        }
        self.fileOf = fileOf
    }

    private static func shards(_ path: String) throws -> [String] {
        let single = path + "/model.safetensors"
        if FileManager.default.fileExists(atPath: single) { return [single] }
        let index = path + "/model.safetensors.index.json"
        guard FileManager.default.fileExists(atPath: index) else { return [] }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: index)))
        guard let map = (json as? [String: Any])?["weight_map"] as? [String: String] else {
            throw TrainingError.badModel(path: index, reason: "there is no weight_map")
        }
        return Set(map.values).sorted().map { path + "/" + $0 }
    }

    var hasWeights: Bool { !files.isEmpty }

    /// A parameter's stored values, of the declared shape. Checkpoints of the bare model leave out
    /// the prefix `model.`.
    func view(_ declaration: ParameterDeclaration) throws(TrainingError) -> TensorView {
        let bare =
            declaration.name.hasPrefix("model.") ? String(declaration.name.dropFirst(6)) : nil
        for name in [declaration.name, bare].compactMap({ $0 }) {
            guard let file = fileOf[name] else { continue }
            let view: TensorView
            do { view = try files[file].tensor(named: name) } catch {
                throw .badModel(path: path, reason: "\(error)")
            }
            guard view.shape == declaration.shape, view.elementType.isWeight else {
                throw .badModel(
                    path: path,
                    reason: "\(name) is \(view.elementType.rawValue) \(view.shape), expected "
                        + "weights of \(declaration.shape)")
            }
            return view
        }
        throw .badModel(path: path, reason: "the weights lack \(declaration.name)")
    }

    /// What the weights are stored as.
    var elementType: ElementType {
        let name = ModelConfiguration.embeddingName
        let file = fileOf[name] ?? fileOf[String(name.dropFirst(6))]
        let view = file.flatMap { try? files[$0].tensor(named: name) }
        return view?.elementType ?? configuration.elementType ?? .float32
    }

    /// Of the weights' bytes: recorded wherever another model depends on these.
    func fingerprint() throws(TrainingError) -> String {
        let hasher = ContentHasher()
        do {
            for file in try Self.shards(path) {
                let mapped = try MappedFile(path: file)
                hasher.update(mapped.bytes)
            }
        } catch {
            throw .badModel(path: path, reason: "\(error)")
        }
        return hasher.finalize().hexadecimal
    }
}
