import Foundation
import JSON
import Tensors
import Tokenization

/// PEFT's `adapter_config.json`: everything in it that affects how an adapter changes its base.
///
/// ``AdapterKeys`` lists how each key is handled. A key that affects vectors is either computed or
/// rejected by name.
package struct AdapterConfiguration: Sendable {
    /// `peft_type`
    package let kind: AdapterKind
    /// `base_model_name_or_path`: an absolute path, one relative to the adapter's folder, or a name
    /// on the Hugging Face Hub.
    package let base: String?
    /// `r`, the rank of modules that ``ranks`` does not match; 8 if absent.
    package let rank: Int
    /// `lora_alpha`, for modules that ``alphas`` does not match; 8 if absent.
    package let alpha: Double
    /// Whether the scale is alpha / sqrt(r) instead of alpha / r (Kalajdzievski 2023).
    package let isRankStabilized: Bool
    /// Ids of the embedding rows that the adapter replaces, in the order of its rows.
    package let trainedTokens: [Int32]
    /// Whether all modules have the same rank and alpha, and no module is replaced as a whole.
    package let isUniform: Bool
    /// `rank_pattern`
    let ranks: ModuleValues<Int>
    /// `alpha_pattern`
    let alphas: ModuleValues<Double>
    let modules: ModuleSelection
    /// Whether B A is initially zero, so that a module without tensors is unchanged.
    let startsUnchanged: Bool

    /// - Parameters:
    ///   - data: the file's bytes.
    ///   - path: the file's path, for errors.
    /// - Throws: ``AutoRegEmbedError/settings(path:key:problem:)``
    package init(_ data: Data, path: String) throws(AutoRegEmbedError) {
        let fields = try SettingsFields(data, path: path)
        kind = try AdapterKind(fields)
        try AdapterKeys.check(fields, kind)
        base = try fields.string("base_model_name_or_path")
        rank = try fields.positive("r") ?? 8
        alpha = try fields.number("lora_alpha") ?? 8
        isRankStabilized = try fields.boolean("use_rslora") ?? false

        var ranks = ModuleValues<Int>()
        for (key, value) in try fields.entries("rank_pattern") {
            guard let rank = value.integerValue, 1...SettingsFields.largestRank ~= rank else {
                throw fields.wrong("rank_pattern", "must hold positive numbers")
            }
            do { try ranks.add(key, rank) } catch { throw fields.wrong("rank_pattern", error) }
        }
        var alphas = ModuleValues<Double>()
        for (key, value) in try fields.entries("alpha_pattern") {
            guard let alpha = value.doubleValue, alpha.magnitude <= SettingsFields.largestAlpha
            else {
                throw fields.wrong("alpha_pattern", "must hold numbers")
            }
            do { try alphas.add(key, alpha) } catch { throw fields.wrong("alpha_pattern", error) }
        }
        (self.ranks, self.alphas) = (ranks, alphas)
        let saved = try fields.strings("modules_to_save") ?? []
        isUniform = ranks.isEmpty && alphas.isEmpty && saved.isEmpty
        modules = try kind == .lowRank ? Self.modules(fields, saved: saved) : .none
        trainedTokens = try kind == .lowRank ? Self.tokens(fields) : Self.tokenIndices(fields)
        switch fields["init_lora_weights"] {
        case .bool(false)?: startsUnchanged = false
        case .string(let name)?: startsUnchanged = name != "orthogonal"
        default: startsUnchanged = true
        }
    }

    /// The factor that scales a module's product B A.
    func scale(of module: String, rank: Int) -> Float {
        let divisor = isRankStabilized ? Double(rank).squareRoot() : Double(rank)
        return Float((alphas[module] ?? alpha) / divisor)
    }

    func rank(of module: String) -> Int { ranks[module] ?? rank }

    // MARK: Reading

    private static func modules(
        _ fields: SettingsFields, saved: [String]
    ) throws(AutoRegEmbedError) -> ModuleSelection {
        func expression(
            _ source: String, _ key: String
        ) throws(AutoRegEmbedError) -> WholeTextPattern {
            do { return try WholeTextPattern(source) } catch { throw fields.wrong(key, error) }
        }
        func names(_ key: String) throws(AutoRegEmbedError) -> ModuleNames? {
            if let source = fields[key]?.stringValue, !source.isEmpty {
                return .expression(try expression(source, key))
            }
            return try fields.strings(key).map { .list($0) }
        }
        var modules = ModuleSelection()
        if let wanted = fields["target_modules"]?.stringValue, wanted.lowercased() == "all-linear" {
            modules.targets = nil
        } else {
            // PEFT's default for Llama, Mistral and Qwen.
            modules.targets = try names("target_modules") ?? .list(["q_proj", "v_proj"])
        }
        modules.excluded = try names("exclude_modules")
        for name in saved {
            modules.saved.append(
                try expression("(^|.*\\.)\(name)($|\\..*)", "modules_to_save"))
        }
        if let layer = fields["layers_to_transform"]?.integerValue {
            modules.layers = [layer]
        } else if let layers = try fields.integers("layers_to_transform"), !layers.isEmpty {
            modules.layers = layers
        }
        let lists =
            if let name = fields["layers_pattern"]?.stringValue { name.isEmpty ? [] : [name] } else
            {
                try fields.strings("layers_pattern") ?? []
            }
        for name in lists {
            modules.layerLists.append(
                try expression("(?:^|.*?\\.)\(name)\\.[0-9]+\\..*", "layers_pattern"))
        }
        return modules
    }

    /// `trainable_token_indices`: a list of ids of input embedding rows, or an object with such a
    /// list by layer name.
    private static func tokens(_ fields: SettingsFields) throws(AutoRegEmbedError) -> [Int32] {
        let key = "trainable_token_indices"
        guard let value = fields[key] else { return [] }
        var list = value.arrayValue
        if let layers = value.objectValue {
            for name in layers.keys {
                guard name.hasBytes("embed_tokens") || name.hasByteSuffix(".embed_tokens") else {
                    throw fields.wrong(key, "of \(name) is not supported, only of embed_tokens")
                }
                list = layers[name]?.arrayValue
            }
            if layers.isEmpty { list = [] }
        }
        guard let list else { throw fields.wrong(key, "must be a list of ids") }
        return try ids(list, fields, key)
    }

    /// `token_indices` of an adapter that holds rows alone: ids of input embedding rows.
    private static func tokenIndices(_ fields: SettingsFields) throws(AutoRegEmbedError) -> [Int32]
    {
        let targets =
            if let name = fields["target_modules"]?.stringValue { [name] } else {
                try fields.strings("target_modules") ?? []
            }
        for name in targets {
            guard name.hasBytes("embed_tokens") || name.hasByteSuffix(".embed_tokens") else {
                throw fields.wrong(
                    "target_modules", "of \(name) is not supported, only of embed_tokens")
            }
        }
        guard let list = fields["token_indices"]?.arrayValue else {
            throw fields.wrong("token_indices", "must be a list of ids")
        }
        return try ids(list, fields, "token_indices")
    }

    private static func ids(
        _ list: [JSONValue], _ fields: SettingsFields, _ key: String
    ) throws(AutoRegEmbedError) -> [Int32] {
        var ids: [Int32] = []
        for element in list {
            guard let id = element.integerValue, 0..<(1 << 24) ~= id else {
                throw fields.wrong(key, "must be a list of ids")
            }
            ids.append(Int32(id))
        }
        return ids
    }
}
