import Foundation
import Tensors
import Transformer

/// A PEFT LoRA adapter (Hu et al. 2021): W' = W + scale B A for the layers it names, and embedding
/// rows or whole parameters that were trained outright.
///
/// Read as PEFT writes it: `adapter_config.json` with r, lora_alpha, use_rslora; tensors
/// `base_model.model.<layer>.lora_A.weight` [r, in] and `lora_B.weight` [out, r];
/// `…embed_tokens.token_adapter.trainable_tokens_delta` with `trainable_token_indices`; and
/// parameters of `modules_to_save` under their own names.
struct Adapter: Sendable {
    /// Names the adapter in messages.
    let path: String
    let file: SafetensorsFile
    /// The configuration's bytes, for the fingerprint.
    let configuration: Data
    let base: String?
    /// By the parameter's name in the checkpoint.
    let lowRank: [String: LowRankChange]
    let replaced: [String: TensorView]
    let trainedRows: [Int32: [Float]]

    init(
        configuration: Data, file: SafetensorsFile, path: String
    ) throws(AutoRegEmbedError) {
        let settings = try AdapterSettings(configuration, path: path)
        var parts: [String: (a: TensorView?, b: TensorView?)] = [:]
        var replaced: [String: TensorView] = [:]
        var rows: TensorView?
        for name in file.names {
            guard let tensor = try? file.tensor(named: name), tensor.elementType.isWeight else {
                throw .adapter(path: path, problem: "\"\(name)\" is not F32, F16 or BF16")
            }
            let full = Self.parameterName(name)
            if let module = full.removing(suffix: ".lora_A.weight") {
                parts[module, default: (nil, nil)].a = tensor
            } else if let module = full.removing(suffix: ".lora_B.weight") {
                parts[module, default: (nil, nil)].b = tensor
            } else if full.hasSuffix("embed_tokens.token_adapter.trainable_tokens_delta") {
                rows = tensor
            } else if full.contains("lora_") {
                throw .adapter(
                    path: path, problem: "\"\(name)\" is of a kind that is not supported")
            } else {
                replaced[full] = tensor
            }
        }
        var lowRank: [String: LowRankChange] = [:]
        for (module, part) in parts {
            guard let a = part.a, let b = part.b, a.shape.count == 2, b.shape.count == 2,
                a.shape[0] == b.shape[1], a.shape[0] > 0
            else {
                throw .adapter(
                    path: path, problem: "\(module): lora_A and lora_B do not fit together")
            }
            lowRank["\(module).weight"] = LowRankChange(
                a: a, b: b, scale: settings.scale(of: module, rank: a.shape[0]))
        }
        (self.path, self.file, self.configuration) = (path, file, configuration)
        (self.base, self.lowRank, self.replaced) = (settings.base, lowRank, replaced)
        trainedRows = try Self.rows(rows, ids: settings.trainedTokens, path: path)
    }

    private static func rows(
        _ tensor: TensorView?, ids: [Int32], path: String
    ) throws(AutoRegEmbedError) -> [Int32: [Float]] {
        guard let tensor else { return [:] }
        guard tensor.shape.count == 2, tensor.shape[0] == ids.count, Set(ids).count == ids.count
        else {
            throw .adapter(
                path: path, problem: "trainable_token_indices do not fit the trained rows")
        }
        let values = tensor.floats()
        guard values.allSatisfy(\.isFinite) else {
            throw .adapter(path: path, problem: "a trained embedding row is not finite")
        }
        let width = tensor.shape[1]
        return Dictionary(
            uniqueKeysWithValues: ids.enumerated().map { index, id in
                (id, Array(values[index * width..<(index + 1) * width]))
            })
    }

    /// `base_model.model.model.layers.0.…` is the checkpoint's `model.layers.0.…`.
    private static func parameterName(_ name: String) -> String {
        let name = name.removing(prefix: "base_model.model.") ?? name
        return name.replacingOccurrences(of: ".modules_to_save.default", with: "")
            .replacingOccurrences(of: ".lora_A.default.", with: ".lora_A.")
            .replacingOccurrences(of: ".lora_B.default.", with: ".lora_B.")
            .replacingOccurrences(of: ".base_layer.", with: ".")
    }

    /// Refuses an adapter of another model.
    func checkFits(
        _ checkpoint: Checkpoint, _ configuration: ModelConfiguration
    ) throws(AutoRegEmbedError) {
        let known = Set(configuration.parameters.map(\.name))
        for name in replaced.keys where !known.contains(name) && name != "lm_head.weight" {
            throw .adapter(path: path, problem: "the model has no parameter \"\(name)\"")
        }
        for (name, change) in lowRank {
            guard known.contains(name), let base = replaced[name] ?? checkpoint.tensor(named: name),
                base.shape.count == 2, name.contains("_proj.")
            else {
                throw .adapter(path: path, problem: "the model has no linear layer \"\(name)\"")
            }
            guard base.shape == change.shape else {
                throw .adapter(
                    path: path, problem: "\"\(name)\" has shape \(base.shape), which does not fit")
            }
        }
        for row in trainedRows.values where row.count != configuration.hiddenSize {
            throw .adapter(
                path: path,
                problem: "trained rows have \(row.count) elements, the model's "
                    + "\(configuration.hiddenSize)")
        }
    }
}

extension String {
    func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }

    func removing(suffix: String) -> String? {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
    }
}
