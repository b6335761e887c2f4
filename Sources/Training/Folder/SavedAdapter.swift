import AutoRegEmbed
import Foundation
import Tensors
import Transformer

/// A PEFT adapter in a model's folder: LoRA, or rows of the embedding alone.
struct SavedAdapter {
    static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    /// LoRA's; nil if there are rows alone.
    let settings: AdapterSettings?
    /// Ids of the embedding rows that the adapter replaces, in the order of its rows.
    let tokens: [Int32]
    private let file: SafetensorsFile
    let path: String

    /// The folder of the model itself: `folder`, or if that holds only an adapter, the base that is
    /// given or that the adapter names.
    static func base(of folder: String, given: String?) throws(TrainingError) -> String {
        let files = FileManager.default
        let path = folder + "/" + configurationName
        if let given {
            guard files.fileExists(atPath: path) else {
                throw .embedder(.baseWithoutAdapter(path: folder))
            }
            return given
        }
        if files.fileExists(atPath: folder + "/config.json") { return folder }
        guard let data = files.contents(atPath: path) else { return folder }
        let named: String?
        do { named = try AdapterConfiguration(data, path: path).base } catch {
            throw .embedder(error)
        }
        guard let named, !named.isEmpty else { throw .embedder(.noBase(path: path, recorded: nil)) }
        let base = named.hasPrefix("/") ? named : folder + "/" + named
        guard files.fileExists(atPath: base + "/config.json") else {
            throw .embedder(.noBase(path: path, recorded: named))
        }
        return base
    }

    /// Nil if the folder has no adapter.
    init?(folder: String) throws(TrainingError) {
        path = folder + "/" + Self.configurationName
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let saved: AdapterConfiguration
        do { saved = try AdapterConfiguration(data, path: path) } catch { throw .embedder(error) }
        guard saved.isUniform else {
            throw .badModel(path: path, .adapterNotUniform)
        }
        // Rank stabilization scales by alpha / sqrt(r); alpha * sqrt(r) gives the same value as
        // alpha / r.
        settings =
            saved.kind == .trainedRows
            ? nil
            : AdapterSettings(
                rank: saved.rank,
                alpha: saved.isRankStabilized
                    ? saved.alpha * Double(saved.rank).squareRoot() : saved.alpha,
                dropout: 0)
        tokens = saved.trainedTokens
        do { file = try SafetensorsFile(path: folder + "/" + Self.weightsName) } catch {
            throw .badModel(path: folder, .unreadable(error))
        }
    }

    private func values(_ name: String, count: Int) throws(TrainingError) -> [Float] {
        do {
            let view = try file.tensor(named: name)
            guard view.count == count, view.elementType.isWeight else {
                throw TrainingError.badModel(
                    path: path, .wrongTensor(name: name, shape: view.shape, expected: count))
            }
            return view.floats()
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .badModel(path: path, .unreadable(error))
        }
    }

    /// A `[r, inputs]` and B `[outputs, r]` of a weight of shape `[outputs, inputs]`; nil if the
    /// adapter does not have that weight.
    func matrices(name: String, shape: [Int]) throws(TrainingError) -> ([Float], [Float])? {
        guard let settings, file.contains(AdapterNames.a(name)) else { return nil }
        return (
            try values(AdapterNames.a(name), count: settings.rank * shape[1]),
            try values(AdapterNames.b(name), count: shape[0] * settings.rank)
        )
    }

    func tokenRows(count: Int, width: Int) throws(TrainingError) -> [Float]? {
        guard let name = file.names.first(where: AdapterNames.isTokens) else { return nil }
        return try values(name, count: count * width)
    }

    /// The stored weight with the adapter merged in: W + alpha / r B A, or the embedding with its
    /// replaced rows.
    func merged(_ view: TensorView, name: String) throws(TrainingError) -> [Float] {
        var weight = view.floats()
        if name == ModelConfiguration.embeddingName, !tokens.isEmpty {
            let width = view.shape[1]
            if let rows = try tokenRows(count: tokens.count, width: width) {
                for (row, token) in tokens.enumerated() where Int(token) < view.shape[0] {
                    weight.replaceSubrange(
                        Int(token) * width..<(Int(token) + 1) * width,
                        with: rows[row * width..<(row + 1) * width])
                }
            }
        }
        guard view.shape.count == 2, let settings,
            let (a, b) = try matrices(name: name, shape: view.shape)
        else { return weight }
        LowRankProduct.add(
            a: a, b: b, rank: settings.rank, scale: settings.scale, to: &weight)
        return weight
    }
}

enum LowRankProduct {
    /// weight `[O, I]` += scale * b `[O, r]` a `[r, I]`
    static func add(a: [Float], b: [Float], rank: Int, scale: Float, to weight: inout [Float]) {
        let outputs = b.count / rank
        let backend = CPUBackend(threads: 1)
        let product = backend.buffer(weight)
        backend.multiply(
            Operand(Value(backend.buffer(b))), Operand(Value(backend.buffer(a))), m: outputs,
            n: a.count / rank, k: rank, factor: scale, into: product, accumulate: true,
            precision: .float32)
        weight = product.array
    }
}
