import AutoRegEmbed
import Foundation
import JSON

/// `autoregembed.json`: the embedder settings of a model folder, as the embedder reads them and as
/// training writes them.
struct SettingsFile {
    static let name = EmbedderSettings.fileName
    private let folder: String
    let values: EmbedderSettings
    private var object: JSONObject

    init(folder: String) throws(TrainingError) {
        self.folder = folder
        let path = folder + "/" + Self.name
        guard let data = FileManager.default.contents(atPath: path) else {
            (object, values) = ([:], EmbedderSettings())
            return
        }
        do {
            object = try JSONValue(parsing: data).objectValue ?? [:]
        } catch { throw .badModel(path: path, .unreadable(error)) }
        values = try Self.values(of: data, path: path)
    }

    private init(folder: String, object: JSONObject) throws(TrainingError) {
        (self.folder, self.object) = (folder, object)
        values = try Self.values(
            of: Data(JSONValue.object(object).jsonText.utf8), path: folder + "/" + Self.name)
    }

    private static func values(
        of data: Data, path: String
    ) throws(TrainingError) -> EmbedderSettings {
        let parsed: Result<EmbedderSettings, AutoRegEmbedError> = data.withUnsafeBytes { bytes in
            do throws(AutoRegEmbedError) {
                return .success(try EmbedderSettings(json: bytes, path: path))
            } catch { return .failure(error) }
        }
        do { return try parsed.get() } catch { throw .embedder(error) }
    }

    /// The settings of an LLM2Vec-Gen model, each of them said: the folder's own if it is one already,
    /// else the method's, with what the folder says of decoder, length, normalization and weight in
    /// hybrid search.
    ///
    /// - Parameter count: the number of compressed tokens; nil takes the folder's or the method's.
    func answering(compressedTokens count: Int?) throws(TrainingError) -> SettingsFile {
        let isContinued = values.method == .llm2VecGen
        if isContinued, let count, count != values.compressedTokens.count {
            throw .badOption(
                .compressedTokens, .differs(model: values.compressedTokens.count))
        }
        var object = self.object
        if !isContinued {
            for key in [
                "compressed_tokens", "pooling", "template", "instructions", "decoder_scale",
                "decoder_offset",
            ] { object[key] = nil }
            object["method"] = .string(EmbeddingMethod.llm2VecGen.rawValue)
            if let count { object["compressed_tokens"] = .init(count) }
        }
        object["projections"] = .string(Projections.fileName)
        var settings = try SettingsFile(folder: folder, object: object)
        let values = settings.values
        settings.setDefault("compressed_tokens", .init(values.compressedTokens.count))
        settings.setDefault("pooling", .string(values.pooling.rawValue))
        settings.setDefault("normalize", .bool(values.isNormalized))
        settings.setDefault("max_length", .init(values.maximumLength))
        settings.setDefault("template", .string(values.template.source))
        if object["instructions"] == nil {
            var tasks: JSONObject = [:]
            for task in EmbeddingTask.allCases {
                var texts: JSONObject = [:]
                for key in ["next", "self"] {
                    texts[key] = values.instructions[task]?[key].map { .string($0) }
                }
                tasks[task.rawValue] = .object(texts)
            }
            settings.set("instructions", .object(tasks))
        }
        return settings
    }

    /// The file of an LLM2Vec-Gen model's projections; nil for other models.
    var projectionsFile: String? {
        values.projections.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
    }

    /// The folder of the decoder; nil if it is the folder's own weights.
    var decoderFolder: String? {
        values.decoder.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
    }

    /// Sets a key; nil removes it.
    mutating func set(_ key: String, _ value: JSONValue?) { object[key] = value }

    /// Sets a key that the file does not have.
    mutating func setDefault(_ key: String, _ value: JSONValue) {
        if object[key] == nil { object[key] = value }
    }

    func instructions(_ task: EmbeddingTask) -> TextInputs.Instructions {
        let texts = values.instructions[task] ?? [:]
        let own = texts["self"] ?? ""
        let previous =
            task == .retrieval
            ? "Use a word to express the question that this article can answer:\u{201C}" : own
        return TextInputs.Instructions(
            next: texts["next"] ?? own, own: own, previous: texts["previous"] ?? previous)
    }

    func data() -> Data { Data((JSONValue.object(object).indentedText + "\n").utf8) }
}
