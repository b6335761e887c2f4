import Foundation
import Tensors

/// `adapter_config.json`, as far as merging needs it.
struct AdapterSettings {
    let base: String?
    let trainedTokens: [Int32]
    private let alpha: Double
    private let isRankStabilized: Bool
    private let alphaPattern: [String: Double]

    init(_ data: Data, path: String) throws(AutoRegEmbedError) {
        func wrong(_ key: String, _ problem: String) -> AutoRegEmbedError {
            .settings(path: path, key: key, problem: problem)
        }
        let parsed: Result<StrictJSON, StrictJSON.SyntaxError> = data.withUnsafeBytes { bytes in
            do throws(StrictJSON.SyntaxError) {
                return .success(try StrictJSON(parsing: bytes))
            } catch {
                return .failure(error)
            }
        }
        let value: StrictJSON
        switch parsed {
        case .success(let json): value = json
        case .failure(let error): throw wrong("", error.description)
        }
        guard let object = value.object else { throw wrong("", "must be an object") }

        if let type = object["peft_type"]?.string, type != "LORA", type != "TRAINABLE_TOKENS" {
            throw wrong("peft_type", "\(type) is not supported, only LORA")
        }
        for key in ["use_dora", "fan_in_fan_out", "lora_bias"] where object[key]?.bool == true {
            throw wrong(key, "is not supported")
        }
        if let bias = object["bias"]?.string, bias != "none" {
            throw wrong("bias", "\(bias) is not supported")
        }
        if let rank = object["r"], rank != .null {
            guard let rank = rank.integer, 1...65536 ~= rank else {
                throw wrong("r", "must be a positive integer")
            }
        }
        let alpha = object["lora_alpha"] ?? .integer(8)
        guard let alpha = alpha.double, alpha.magnitude <= 1e6 else {
            throw wrong("lora_alpha", "must be a number")
        }
        var pattern: [String: Double] = [:]
        if let entries = object["alpha_pattern"]?.object {
            for key in entries.keys {
                guard let alpha = entries[key]?.double else {
                    throw wrong("alpha_pattern", "must hold numbers")
                }
                pattern[key] = alpha
            }
        }
        self.alpha = alpha
        alphaPattern = pattern
        isRankStabilized = object["use_rslora"]?.bool ?? false
        base = object["base_model_name_or_path"]?.string
        trainedTokens = try Self.tokens(object["trainable_token_indices"], wrong)
    }

    /// A list of ids, or one under the name of the embedding layer.
    private static func tokens(
        _ value: StrictJSON?, _ wrong: (String, String) -> AutoRegEmbedError
    ) throws(AutoRegEmbedError) -> [Int32] {
        guard let value, value != .null else { return [] }
        let list = value.array ?? value.object?["embed_tokens"]?.array
        guard let list else { throw wrong("trainable_token_indices", "must be a list of ids") }
        var ids: [Int32] = []
        for element in list {
            guard let id = element.integer, 0..<(1 << 24) ~= id else {
                throw wrong("trainable_token_indices", "must be a list of ids")
            }
            ids.append(Int32(id))
        }
        return ids
    }

    /// alpha / r, or alpha / sqrt(r) with rank stabilisation.
    func scale(of module: String, rank: Int) -> Float {
        let alpha =
            alphaPattern.first { module == $0.key || module.hasSuffix(".\($0.key)") }?.value
            ?? alpha
        let divisor = isRankStabilized ? Double(rank).squareRoot() : Double(rank)
        return Float(alpha / divisor)
    }
}
