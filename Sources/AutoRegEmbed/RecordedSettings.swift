import Embedding
import Foundation
import JSON
import Tensors

/// How a model was set up beyond its files, as a database records it in `EmbedderIdentity.settings`.
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
        // What modules.json says is found again there.
        if sentences != nil { values["pooling"] = nil }
        if let base { values["base"] = .string(base.standardizedFileURL.path) }
        return values
    }
}

extension AutoRegEmbedder.Options {
    /// Sets a model up as it was when `settings` were recorded. What is not recorded, or not
    /// understood, is left to the model's folder; the fingerprint tells whether that was right.
    public init(recorded settings: JSONObject) {
        self.init()
        precision = settings["precision"]?.stringValue.flatMap(ComputePrecision.init(rawValue:))
        pooling = settings["pooling"]?.stringValue.flatMap(Pooling.init(rawValue:))
        base = settings["base"]?.stringValue.map { URL(fileURLWithPath: $0) }
        if case .integer(let length)? = settings["max_length"] {
            maximumLength = Int(clamping: length)
        }
        if case .object(let texts)? = settings["instructions"] {
            instructions = Dictionary(texts.map { ($0.key, $0.value.stringValue) }) { $1 }
        }
    }
}
