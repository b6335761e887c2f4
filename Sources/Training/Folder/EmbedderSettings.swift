import Foundation

/// `autoregembed.json`: what makes a language model's folder an embedder's. Keys that training does
/// not know are kept as they are.
struct EmbedderSettings {
    static let name = "autoregembed.json"
    private(set) var object: [String: Any]

    init(folder: String) throws(TrainingError) {
        let path = folder + "/" + Self.name
        guard let data = FileManager.default.contents(atPath: path) else {
            object = [:]
            return
        }
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw .badModel(path: path, reason: "not a JSON object")
        }
        self.object = object
    }

    var compressedTokens: Int { object["compressed_tokens"] as? Int ?? 5 }
    var maximumLength: Int { object["max_length"] as? Int ?? 512 }
    /// The decoder's folder relative to this one; nil for the folder's own weights.
    var decoder: String? {
        if let path = object["decoder"] as? String { return path }
        return (object["decoder"] as? [String: Any])?["path"] as? String
    }

    /// Rows of the own embedding that the decoder has; nil for all.
    var decoderVocabulary: Int? { object["decoder_vocabulary"] as? Int }

    mutating func set(_ key: String, _ value: Any) { object[key] = value }

    func instructions(_ task: TrainingTask) -> TextInputs.Instructions {
        let all = object["instructions"] as? [String: Any] ?? [:]
        let own = all[task.rawValue] as? [String: String] ?? [:]
        switch task {
        case .retrieval:
            return TextInputs.Instructions(
                next: own["next"]
                    ?? "Use one word to represent the query in a retrieval task. The word is: “",
                own: own["self"]
                    ?? "Use one word to represent the passage in a retrieval task. The word is: “",
                previous: "Use a word to express the question that this article can answer:“")
        case .sts:
            let text = own["self"] ?? "This sentence means in one word: “"
            return TextInputs.Instructions(
                next: own["next"] ?? text, own: text, previous: text)
        }
    }

    func data() -> Data {
        // Only JSON values were put in.
        (try? JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]))
            ?? Data("{}".utf8)
    }
}
