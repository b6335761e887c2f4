import Foundation
import TextBytes

/// Finds a model by its path, by its name in vdb's store, or in the stores of Hugging Face or
/// Ollama. Nothing is downloaded.
///
///     ./model, model.gguf         a path
///     NAME                        an entry of vdb's store
///     hf:OWNER/REPO[@REV][:FILE]  Hugging Face's cache
///     ollama:NAME[:TAG]           Ollama's store
public struct ModelLocator: Sendable {
    /// vdb's own store; nil if there is no home folder.
    public var store: ModelStore?
    /// The cache of Hugging Face's programs; nil if there is no home folder.
    public var huggingFace: HuggingFaceCache?
    /// Ollama's store; nil if there is no home folder.
    public var ollama: OllamaStore?

    /// Uses the stores that environment variables name, or those in the home folder.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        store = ModelStore(environment: environment)
        huggingFace = HuggingFaceCache(environment: environment)
        ollama = OllamaStore(environment: environment)
    }

    /// The location of a model.
    public struct Location: Sendable, Equatable {
        /// A model folder or a GGUF file.
        public var url: URL
        /// The entry of vdb's store with the same name as the path, which takes precedence; nil if
        /// there is none.
        public var hidden: URL?
    }

    /// Finds a model. A path takes precedence over a name in vdb's store.
    ///
    /// - Throws: `ModelLocationError`
    public func locate(_ given: String) throws(ModelLocationError) -> Location {
        if let rest = Self.dropping("hf:", from: given) {
            return Location(url: try huggingFaceModel(String(rest), given))
        }
        if let rest = Self.dropping("ollama:", from: given) {
            guard let ollama else { throw .noStore("Ollama") }
            return Location(url: try ollama.model(String(rest)))
        }
        let entry = store?.entry(given)
        if FileManager.default.fileExists(atPath: given) {
            return Location(
                url: try Self.modelFile(in: URL(fileURLWithPath: given)), hidden: entry)
        }
        if let entry { return Location(url: try Self.modelFile(in: entry)) }
        if let known = KnownModel.named(given) { throw .notFetched(known) }
        throw .missing(given, isName: ModelStore.isName(given) && !given.contains("."))
    }

    /// A model of a repository on the hub, `OWNER/REPO`: the one that was downloaded into the store,
    /// else that of Hugging Face's cache; nil if it is in neither.
    public func model(ofRepository name: String) -> URL? {
        if let store {
            for entry in (try? store.names()) ?? [] {
                let folder = store.folder.appendingPathComponent(entry)
                guard let origin = ModelOrigin(folder: folder),
                    origin.repository.hasSameBytes(as: name)
                else { continue }
                return try? Self.modelFile(in: folder)
            }
        }
        guard let reference = HuggingFaceReference(name), reference.file == nil else { return nil }
        return huggingFace?.snapshot(of: reference).flatMap { try? Self.modelFile(in: $0) }
    }

    /// From Hugging Face's cache, else from the store, if it was downloaded from there.
    private func huggingFaceModel(
        _ rest: String, _ given: String
    ) throws(ModelLocationError) -> URL {
        guard let reference = HuggingFaceReference(rest) else { throw .badReference(given) }
        if let snapshot = huggingFace?.snapshot(of: reference) {
            guard let file = reference.file else { return try Self.modelFile(in: snapshot) }
            let url = snapshot.appendingPathComponent(file)
            if FileManager.default.fileExists(atPath: url.path) { return url }
        }
        if let folder = downloaded(reference) { return try Self.modelFile(in: folder) }
        guard let huggingFace else { throw .noStore("Hugging Face") }
        throw .notInCache(given, cache: huggingFace.folder.path)
    }

    /// The entry of the store that was downloaded from there.
    private func downloaded(_ reference: HuggingFaceReference) -> URL? {
        guard let store else { return nil }
        for name in (try? store.names()) ?? [] {
            let folder = store.folder.appendingPathComponent(name)
            guard let origin = ModelOrigin(folder: folder),
                origin.repository.hasSameBytes(as: reference.repository),
                [origin.revision, origin.commit].contains(where: {
                    $0?.hasSameBytes(as: reference.revision) == true
                }), origin.file == reference.file
            else { continue }
            return folder
        }
        return nil
    }

    private static func dropping(_ prefix: String, from text: String) -> Substring? {
        text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
    }

    /// The folder itself, or if it holds only a GGUF model, that file or the first of its parts.
    static func modelFile(in url: URL) throws(ModelLocationError) -> URL {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
            isFolder.boolValue
        else { return url }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        let marks = ["config.json", "adapter_config.json", "modules.json"]
        if marks.contains(where: { files.contains($0) }) { return url }
        let models = files.filter { $0.hasSuffix(".gguf") && (SplitName($0)?.number ?? 1) == 1 }
            .sorted()
        guard let first = models.first else { return url }
        guard models.count == 1 else { throw .severalFiles(folder: url.path, files: models) }
        return url.appendingPathComponent(first)
    }
}

/// Why a model cannot be found.
public enum ModelLocationError: Error, Equatable, Sendable {
    /// Neither a path nor an entry of the store. `isName` tells whether it could be a name in the
    /// store.
    case missing(String, isName: Bool)
    /// A model with a short name that is not in the store.
    case notFetched(KnownModel)
    /// Malformed text after `hf:` or `ollama:`.
    case badReference(String)
    /// The model or its file is not in the cache of Hugging Face's programs or in Ollama's store,
    /// whose folder is `cache`.
    case notInCache(String, cache: String)
    /// There is no home folder to look for the named program's store in.
    case noStore(String)
    /// A manifest in Ollama's store is invalid.
    case badManifest(path: String)
    /// The folder has more than one GGUF model.
    case severalFiles(folder: String, files: [String])
}

extension ModelLocationError: CustomStringConvertible {
    /// The facts as one English phrase without a remedy, for logs.
    public var description: String {
        switch self {
        case .missing(let given, _): "\(given): no such model"
        case .notFetched(let model): "\(model.name): not in the model store"
        case .badReference(let given):
            "\(given): expected hf:OWNER/REPO[@REVISION][:FILE.gguf] or ollama:NAME[:TAG]"
        case .notInCache(let given, let cache): "\(given): not in \(cache)"
        case .noStore(let program): "no home folder, so the store of \(program) cannot be found"
        case .badManifest(let path): "\(path): not a manifest of a model"
        case .severalFiles(let folder, let files):
            "\(folder): holds several models: \(files.joined(separator: ", "))"
        }
    }
}
