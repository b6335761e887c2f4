import AutoRegEmbed
import Foundation
import JSON

/// `autoregembed.json`: the embedder settings of a model folder, as the embedder reads them and as
/// training writes them. Unknown keys are kept unchanged.
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
        let parsed: Result<EmbedderSettings, AutoRegEmbedError> = data.withUnsafeBytes { bytes in
            do throws(AutoRegEmbedError) {
                return .success(try EmbedderSettings(json: bytes, path: path))
            } catch { return .failure(error) }
        }
        do { values = try parsed.get() } catch { throw .embedder(error) }
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
