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

    private static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { ModelStore.isName(String($0)) }
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
        } else if let path = environment["HF_HOME"], path.hasPrefix("/") {
            folder = URL(fileURLWithPath: path).appendingPathComponent("hub")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = URL(fileURLWithPath: home).appendingPathComponent(".cache/huggingface/hub")
        } else {
            return nil
        }
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
}
