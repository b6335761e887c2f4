import Foundation
import JSON

/// Ollama's store of models:
///
///     manifests/registry.ollama.ai/library/NAME/TAG   JSON that lists layers by digest
///     blobs/sha256-…                                  the layers; the model's is a GGUF file
public struct OllamaStore: Sendable {
    /// The store's folder, which contains `manifests` and `blobs`. It need not exist.
    public let folder: URL

    /// Nothing is read before a model is looked up.
    public init(folder: URL) { self.folder = folder }

    /// `$OLLAMA_MODELS`, else `~/.ollama/models`; nil if `HOME` is not set either.
    public init?(environment: [String: String]) {
        if let path = environment["OLLAMA_MODELS"], !path.isEmpty {
            folder = URL(fileURLWithPath: path)
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = URL(fileURLWithPath: home).appendingPathComponent(".ollama/models")
        } else {
            return nil
        }
    }

    private struct Manifest: Decodable {
        struct Layer: Decodable {
            let mediaType: String
            let digest: String
        }
        let layers: [Layer]
    }

    /// The GGUF file of `NAME[:TAG]` or `OWNER/NAME[:TAG]`; the tag is `latest` if none is given.
    ///
    /// - Throws: `badReference`, `notInCache`, or `badManifest`.
    public func model(_ text: String) throws(ModelLocationError) -> URL {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let names = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        let tag = parts.count == 2 ? parts[1] : "latest"
        guard parts.count <= 2, 1...2 ~= names.count, names.allSatisfy(ModelStore.isName),
            ModelStore.isName(tag)
        else { throw .badReference("ollama:\(text)") }
        let path = (names.count == 1 ? ["library"] : []) + names + [tag]
        let manifest = path.reduce(
            folder.appendingPathComponent("manifests/registry.ollama.ai")
        ) { $0.appendingPathComponent($1) }
        guard let data = FileManager.default.contents(atPath: manifest.path) else {
            throw .notInCache("ollama:\(text)", cache: folder.path)
        }
        guard let layers = try? JSONValue(parsing: data).decoded(as: Manifest.self).layers,
            let layer = layers.first(where: {
                $0.mediaType == "application/vnd.ollama.image.model"
            }), let digest = Self.fileName(ofDigest: layer.digest)
        else { throw .badManifest(path: manifest.path) }
        let blob = folder.appendingPathComponent("blobs").appendingPathComponent(digest)
        guard FileManager.default.fileExists(atPath: blob.path) else {
            throw .notInCache("ollama:\(text)", cache: folder.path)
        }
        return blob
    }

    /// The models of Ollama's own library and of other owners, by name.
    public func entries() -> [StoredModel] {
        let registry = folder.appendingPathComponent("manifests/registry.ollama.ai")
        var entries: [StoredModel] = []
        for owner in HuggingFaceCache.names(in: registry) {
            let models = registry.appendingPathComponent(owner)
            for model in HuggingFaceCache.names(in: models) {
                for tag in HuggingFaceCache.names(in: models.appendingPathComponent(model)) {
                    let name = (owner == "library" ? "" : owner + "/") + "\(model):\(tag)"
                    guard let location = try? self.model(name) else { continue }
                    entries.append(.init(name: "ollama:\(name)", location: location))
                }
            }
        }
        return entries
    }

    /// `sha256-…` of `sha256:…`; nil for anything else.
    private static func fileName(ofDigest digest: String) -> String? {
        let prefix = "sha256:"
        guard digest.hasPrefix(prefix) else { return nil }
        let digits = digest.dropFirst(prefix.count)
        guard digits.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return nil
        }
        return "sha256-\(digits)"
    }
}
