import Embedding
import Foundation
import JSON
import Tensors

/// The settings of a model beyond its files, as recorded in `EmbedderIdentity.settings`.
extension AutoRegEmbedder {
    var recordedSettings: JSONObject {
        var values: JSONObject = [
            "pooling": .string(settings.pooling.rawValue),
            "compressed_tokens": .integer(Int64(compressedIDs.count)),
            "max_length": .integer(Int64(settings.maximumLength)),
            "normalize": .bool(settings.isNormalized),
            "precision": .string(arithmetic),
        ]
        if !instructionOverrides.isEmpty {
            values["instructions"] = .object(
                JSONObject(instructionOverrides.mapValues { $0.map(JSONValue.string) ?? .null }))
        }
        // The pooling of modules.json is read from there again.
        if sentences != nil { values["pooling"] = nil }
        if let base { values["base"] = .string(base.standardizedFileURL.path) }
        if let source { values["source"] = .string(source) }
        return values
    }
}

extension AutoRegEmbedder.Options {
    /// The options with which a model has the recorded settings. What is not recorded or unknown is
    /// left to the model's folder; the fingerprint shows whether that was right.
    public init(recorded settings: JSONObject) {
        self.init()
        precision = settings["precision"]?.stringValue.flatMap(ComputePrecision.init(rawValue:))
        pooling = settings["pooling"]?.stringValue.flatMap(Pooling.init(rawValue:))
        source = settings["source"]?.stringValue
        base = settings["base"]?.stringValue.map { URL(fileURLWithPath: $0) }
        if case .integer(let length)? = settings["max_length"] {
            maximumLength = Int(clamping: length)
        }
        if case .object(let texts)? = settings["instructions"] {
            instructions = Dictionary(texts.map { ($0.key, $0.value.stringValue) }) { $1 }
        }
    }
}
