import Foundation
import Tensors
import Transformer

/// A PEFT LoRA adapter that lies in a model's folder.
struct SavedAdapter {
    static let configurationName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    let settings: AdapterSettings
    /// Ids of the embedding rows that the adapter replaces, in the order of its rows.
    let tokens: [Int32]
    private let file: SafetensorsFile
    let path: String

    /// The folder of the model itself: `folder`, or, if that holds an adapter alone, the base that
    /// the adapter names.
    static func base(of folder: String) throws(TrainingError) -> String {
        let files = FileManager.default
        if files.fileExists(atPath: folder + "/config.json") { return folder }
        let path = folder + "/" + configurationName
        guard let data = files.contents(atPath: path) else { return folder }
        let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
        guard let named = object?["base_model_name_or_path"] as? String, !named.isEmpty else {
            throw .badModel(path: path, reason: "\"base_model_name_or_path\" names no folder")
        }
        let base = named.hasPrefix("/") ? named : folder + "/" + named
        guard files.fileExists(atPath: base + "/config.json") else {
            throw .badModel(
                path: path, reason: "\"base_model_name_or_path\": \(base) is no model's folder")
        }
        return base
    }

    /// Nil if the folder has none.
    init?(folder: String) throws(TrainingError) {
        path = folder + "/" + Self.configurationName
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any],
            let rank = object["r"] as? Int, rank > 0
        else { throw .badModel(path: path, reason: "not a LoRA adapter's configuration") }
        // What the embedder reads as well, but what cannot be trained on as one adapter of one rank.
        for key in ["use_dora", "lora_bias", "fan_in_fan_out"] where object[key] as? Bool == true {
            throw .badModel(path: path, reason: "\"\(key)\" is not supported")
        }
        for key in ["rank_pattern", "alpha_pattern", "modules_to_save"]
        where
            !((object[key] as? [Any])?.isEmpty ?? (object[key] as? [String: Any])?.isEmpty ?? true)
        {
            throw .badModel(
                path: path, reason: "\"\(key)\" cannot be trained on; merge the adapter first")
        }
        let given = (object["lora_alpha"] as? NSNumber)?.doubleValue ?? 8
        // alpha / sqrt(r) with rank stabilization: written again as an alpha / r of the same value.
        let isStabilized = object["use_rslora"] as? Bool == true
        settings = AdapterSettings(
            rank: rank, alpha: isStabilized ? given * Double(rank).squareRoot() : given, dropout: 0)
        let indices =
            object["trainable_token_indices"] as? [Int]
            ?? (object["trainable_token_indices"] as? [String: [Int]])?["embed_tokens"]
        tokens = (indices ?? []).map(Int32.init)
        do { file = try SafetensorsFile(path: folder + "/" + Self.weightsName) } catch {
            throw .badModel(path: folder, reason: "\(error)")
        }
    }

    private func values(_ name: String, count: Int) throws(TrainingError) -> [Float] {
        do {
            let view = try file.tensor(named: name)
            guard view.count == count, view.elementType.isWeight else {
                throw TrainingError.badModel(
                    path: path, reason: "\(name) is \(view.shape), expected \(count) weights")
            }
            return view.floats()
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .badModel(path: path, reason: "\(error)")
        }
    }

    /// A (r x inputs) and B (outputs x r) of a weight of `shape`; nil if it has none.
    func matrices(name: String, shape: [Int]) throws(TrainingError) -> ([Float], [Float])? {
        guard file.contains(AdapterNames.a(name)) else { return nil }
        return (
            try values(AdapterNames.a(name), count: settings.rank * shape[1]),
            try values(AdapterNames.b(name), count: shape[0] * settings.rank)
        )
    }

    func tokenRows(count: Int, width: Int) throws(TrainingError) -> [Float]? {
        guard file.contains(AdapterNames.tokens) else { return nil }
        return try values(AdapterNames.tokens, count: count * width)
    }

    /// The stored weight with what the adapter adds to it: W + alpha / r  B A, or the embedding with
    /// its replaced rows.
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
        guard view.shape.count == 2, let (a, b) = try matrices(name: name, shape: view.shape)
        else { return weight }
        LowRankProduct.add(
            a: a, b: b, rank: settings.rank, scale: settings.scale, to: &weight)
        return weight
    }
}

enum LowRankProduct {
    /// weight (O x I) += scale * b (O x r) a (r x I)
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
