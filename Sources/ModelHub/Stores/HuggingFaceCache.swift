import Foundation

/// A model on the Hugging Face Hub, written `OWNER/REPO[@REVISION][:FILE]`.
public struct HuggingFaceReference: Sendable, Equatable {
    /// `OWNER/REPO`
    public let repository: String
    /// A commit's hash, a tag or a branch; `main` if the text names none.
    public let revision: String
    /// A file's path in the repository; nil for the whole model.
    public let file: String?

    /// Nil for text of another form, or with a path that would leave the repository's folder.
    public init?(_ text: String) {
        var rest = text[...]
        var file: String?
        if let colon = rest.firstIndex(of: ":") {
            file = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        var revision = "main"
        if let at = rest.firstIndex(of: "@") {
            revision = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(ModelStore.isName),
            !revision.isEmpty, Self.isPath(revision), file.map(Self.isPath) ?? true
        else { return nil }
        (repository, self.revision, self.file) = (String(rest), revision, file)
    }

    /// The same after a prefix, `hf:`; nil for text without it.
    public init?(_ text: String, prefix: String) {
        guard text.hasPrefix(prefix) else { return nil }
        self.init(String(text.dropFirst(prefix.count)))
    }

    /// What an entry of the store is called if nobody names it: the file's name, else the repository's.
    public var defaultName: String {
        let path = file ?? repository
        let last = path.split(separator: "/").last.map(String.init) ?? path
        guard let file, let split = SplitName(file) else { return last }
        return split.stem.split(separator: "/").last.map(String.init) ?? last
    }

    private static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { ModelStore.isName(String($0)) }
    }
}

extension HuggingFaceReference: CustomStringConvertible {
    /// As it is written after `hf:`.
    public var description: String {
        "\(repository)@\(revision)" + (file.map { ":\($0)" } ?? "")
    }
}

/// The cache of transformers and huggingface_hub:
///
///     hub/models--OWNER--REPO/refs/main             the commit's hash
///     hub/models--OWNER--REPO/snapshots/HASH/FILE   links into ../../blobs
public struct HuggingFaceCache: Sendable {
    /// The cache's folder, which contains `models--OWNER--REPO` folders. It need not exist.
    public let folder: URL

    /// Nothing is read before a model is looked up.
    public init(folder: URL) { self.folder = folder }

    /// `$HF_HUB_CACHE`, else `$HF_HOME/hub`, else `~/.cache/huggingface/hub`; nil if none of them
    /// is an absolute path.
    public init?(environment: [String: String]) {
        if let path = environment["HF_HUB_CACHE"], path.hasPrefix("/") {
            folder = URL(fileURLWithPath: path)
        } else if let home = Self.home(environment) {
            folder = home.appendingPathComponent("hub")
        } else {
            return nil
        }
    }

    /// `$HF_HOME`, else `$XDG_CACHE_HOME/huggingface`, else `~/.cache/huggingface`.
    static func home(_ environment: [String: String]) -> URL? {
        for (variable, folder) in [
            ("HF_HOME", ""), ("XDG_CACHE_HOME", "huggingface"), ("HOME", ".cache/huggingface"),
        ] {
            guard let path = environment[variable], path.hasPrefix("/") else { continue }
            let url = URL(fileURLWithPath: path)
            return folder.isEmpty ? url : url.appendingPathComponent(folder)
        }
        return nil
    }

    /// The folder of the reference's revision; nil if it is not in the cache.
    public func snapshot(of reference: HuggingFaceReference) -> URL? {
        let name = "models--" + reference.repository.replacingOccurrences(of: "/", with: "--")
        let repository = folder.appendingPathComponent(name)
        let snapshots = repository.appendingPathComponent("snapshots")
        // A commit's hash, or the name of a branch or tag that refers to one.
        var hash = reference.revision
        let named = repository.appendingPathComponent("refs").appendingPathComponent(hash)
        if let data = FileManager.default.contents(atPath: named.path) {
            hash = String(decoding: data, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard ModelStore.isName(hash) else { return nil }
        let snapshot = snapshots.appendingPathComponent(hash)
        return FileManager.default.fileExists(atPath: snapshot.path) ? snapshot : nil
    }

    /// Repositories of which the cache holds a snapshot with weights that may be read here, by name:
    /// the one that `main` stands for, else each other one.
    public func entries() -> [StoredModel] {
        var entries: [StoredModel] = []
        for repository in Self.names(in: folder) where repository.hasPrefix("models--") {
            let parts = repository.dropFirst("models--".count).components(separatedBy: "--")
            // An owner's name has no "--", a repository's may.
            guard parts.count >= 2 else { continue }
            let name = parts[0] + "/" + parts.dropFirst().joined(separator: "--")
            guard let main = HuggingFaceReference(name) else { continue }
            if snapshot(of: main) != nil {
                entries += models(of: main, named: "hf:\(name)")
                continue
            }
            let snapshots = folder.appendingPathComponent(repository)
                .appendingPathComponent("snapshots")
            for hash in Self.names(in: snapshots) {
                guard let reference = HuggingFaceReference("\(name)@\(hash)") else { continue }
                entries += models(of: reference, named: "hf:\(name)@\(hash)")
            }
        }
        return entries
    }

    private func models(of reference: HuggingFaceReference, named name: String) -> [StoredModel] {
        guard let snapshot = snapshot(of: reference) else { return [] }
        let files = Self.names(in: snapshot)
        if files.contains(where: { $0.hasSuffix(".safetensors") }) {
            return [StoredModel(name: name, location: snapshot)]
        }
        let models = files.filter { $0.hasSuffix(".gguf") && (SplitName($0)?.number ?? 1) == 1 }
        if let only = models.first, models.count == 1 {
            return [StoredModel(name: name, location: snapshot.appendingPathComponent(only))]
        }
        return models.map {
            StoredModel(name: "\(name):\($0)", location: snapshot.appendingPathComponent($0))
        }
    }

    /// Sorted; none for a folder that cannot be read.
    static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}

/// A model in a store of another program.
public struct StoredModel: Sendable, Equatable {
    /// As `--model` takes it.
    public let name: String
    /// A folder, or a GGUF file.
    public let location: URL
}
