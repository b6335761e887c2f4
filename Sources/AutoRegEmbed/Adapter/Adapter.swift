import Foundation
import Tensors
import Transformer

/// A PEFT adapter: LoRA (Hu et al. 2021), W' = W + scale B A for the layers it names, and embedding
/// rows or whole parameters that replace the base's; or `TRAINABLE_TOKENS`, embedding rows alone.
///
/// Read as by PEFT: `adapter_config.json`, which ``AdapterConfiguration`` describes; tensors
/// `base_model.model.<module>.lora_A.weight` `[r, in]` and `lora_B.weight` `[out, r]`;
/// `…embed_tokens.token_adapter.trainable_tokens_delta`, of rows alone
/// `…embed_tokens.trainable_tokens_delta`, which are values, whatever the name says; and parameters of `modules_to_save` under
/// their own names. An adapter that was trained on a model without its head lacks the prefix
/// `model.`.
struct Adapter: Sendable {
    /// Path of `adapter_config.json`, for errors.
    let path: String
    let file: SafetensorsFile
    /// The configuration's bytes, for the fingerprint.
    let configuration: Data
    let base: String?
    /// Low-rank changes by the parameter's name in the checkpoint.
    let lowRank: [String: LowRankChange]
    let replaced: [String: TensorView]
    let trainedRows: [Int32: [Float]]
    /// Whether `lm_head` has a low-rank change. If the head is not tied to the embedding, no hidden
    /// state depends on it.
    let changesHead: Bool
    private let settings: AdapterConfiguration

    init(
        configuration: Data, file: SafetensorsFile, path: String
    ) throws(AutoRegEmbedError) {
        let settings = try AdapterConfiguration(configuration, path: path)
        var parts: [String: (a: TensorView?, b: TensorView?)] = [:]
        var replaced: [String: TensorView] = [:]
        var rows: TensorView?
        for name in file.names {
            guard let tensor = try? file.tensor(named: name), tensor.elementType.isWeight else {
                throw .adapter(path: path, problem: "\"\(name)\" is not F32, F16 or BF16")
            }
            let module = Self.moduleName(name)
            if let module = module.removing(suffix: ".lora_A.weight") {
                parts[module, default: (nil, nil)].a = tensor
            } else if let module = module.removing(suffix: ".lora_B.weight") {
                parts[module, default: (nil, nil)].b = tensor
            } else if Self.rowNames.contains(where: module.hasSuffix) {
                rows = tensor
            } else if Self.headRowNames.contains(where: module.hasBytes) {
                // PEFT repeats the rows for a head that is tied to the embedding; no state depends
                // on it.
            } else if module.contains("lora_") {
                throw .adapter(
                    path: path, problem: "\"\(name)\" is a kind of tensor that is not supported")
            } else {
                replaced[Self.parameterName(module)] = tensor
            }
        }
        var lowRank: [String: LowRankChange] = [:]
        var changesHead = false
        for (module, part) in parts {
            let change = try Self.change(module, part, settings, path)
            if module.hasBytes("lm_head") {
                changesHead = true
            } else {
                lowRank["\(Self.parameterName(module)).weight"] = change
            }
        }
        (self.path, self.file, self.configuration) = (path, file, configuration)
        (self.base, self.lowRank, self.replaced) = (settings.base, lowRank, replaced)
        self.changesHead = changesHead
        self.settings = settings
        trainedRows = try Self.rows(rows, settings, path: path)
    }

    private static let rowNames = [
        "embed_tokens.token_adapter.trainable_tokens_delta", "embed_tokens.trainable_tokens_delta",
    ]
    private static let headRowNames = [
        "lm_head.token_adapter.trainable_tokens_delta", "lm_head.trainable_tokens_delta",
    ]

    private static func change(
        _ module: String, _ part: (a: TensorView?, b: TensorView?),
        _ settings: AdapterConfiguration, _ path: String
    ) throws(AutoRegEmbedError) -> LowRankChange {
        guard let a = part.a, let b = part.b, a.shape.count == 2, b.shape.count == 2,
            a.shape[0] == b.shape[1], a.shape[0] > 0
        else {
            throw .adapter(
                path: path, problem: "\(module): the shapes of lora_A and lora_B do not match")
        }
        // PEFT ignores tensors of modules that the configuration does not select; weights and
        // configuration then contradict each other.
        guard settings.modules.contains(module) else {
            throw .settings(
                path: path, key: "target_modules",
                problem: "does not select \(module), for which the adapter has weights "
                    + "(exclude_modules, modules_to_save and layers_to_transform count as well)")
        }
        let rank = settings.rank(of: module)
        guard a.shape[0] == rank else {
            throw .settings(
                path: path, key: settings.rank == rank ? "r" : "rank_pattern",
                problem: "gives \(module) the rank \(rank), but its weights have \(a.shape[0])")
        }
        return LowRankChange(a: a, b: b, scale: settings.scale(of: module, rank: rank))
    }

    private static func rows(
        _ tensor: TensorView?, _ settings: AdapterConfiguration, path: String
    ) throws(AutoRegEmbedError) -> [Int32: [Float]] {
        let ids = settings.trainedTokens
        guard let tensor else {
            guard settings.kind == .lowRank else {
                throw .adapter(path: path, problem: "the trained rows are missing")
            }
            return [:]
        }
        guard tensor.shape.count == 2, tensor.shape[0] == ids.count, Set(ids).count == ids.count
        else {
            let key = settings.kind == .lowRank ? "trainable_token_indices" : "token_indices"
            throw .adapter(
                path: path,
                problem: "the number of \(key) differs from that of the trained rows")
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

    /// PEFT's name of the module or parameter, which its patterns are matched against:
    /// `base_model.model.model.layers.0.…` is `model.layers.0.…`.
    private static func moduleName(_ name: String) -> String {
        let name = name.removing(prefix: "base_model.model.") ?? name
        return name.replacingOccurrences(of: ".modules_to_save.default", with: "")
            .replacingOccurrences(of: ".lora_A.default.", with: ".lora_A.")
            .replacingOccurrences(of: ".lora_B.default.", with: ".lora_B.")
            .replacingOccurrences(of: ".base_layer.", with: ".")
    }

    /// The parameter's name in the checkpoint.
    private static func parameterName(_ module: String) -> String {
        let isBare = ["layers.", "embed_tokens.", "norm."].contains { module.hasPrefix($0) }
        return isBare ? "model.\(module)" : module
    }

    /// Throws if the adapter belongs to another model.
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
                    path: path,
                    problem: "\"\(name)\" has shape \(base.shape), the adapter \(change.shape)")
            }
        }
        guard !changesHead || !configuration.isTied else {
            throw .settings(
                path: path, key: "target_modules",
                problem:
                    "lm_head is not supported in a model whose lm_head is tied to its embedding")
        }
        if !settings.startsUnchanged { try checkIsWhole(configuration) }
        for row in trainedRows.values where row.count != configuration.hiddenSize {
            throw .adapter(
                path: path,
                problem: "trained rows have \(row.count) elements, the model's "
                    + "\(configuration.hiddenSize)")
        }
    }
}

extension Adapter {
    /// Throws if tensors are missing for a module that PEFT would initialize at random.
    private func checkIsWhole(_ configuration: ModelConfiguration) throws(AutoRegEmbedError) {
        for layer in 0..<configuration.layerCount {
            for projection in Projection.allCases {
                let name = ModelConfiguration.weightName(projection, layer: layer)
                let module = name.removing(suffix: ".weight") ?? name
                guard lowRank[name] != nil || !settings.modules.contains(module) else {
                    throw .adapter(
                        path: path,
                        problem: "target_modules selects \(module), but its weights are missing")
                }
            }
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
