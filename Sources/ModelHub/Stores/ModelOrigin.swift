import FileFormat
import Foundation
import JSON

/// Where a model in the store was downloaded from: the file `vdb-source.json` beside its files.
public struct ModelOrigin: Sendable, Equatable {
    /// The file's name; no other program has one of this name.
    public static let fileName = "vdb-source.json"

    /// The hub's address.
    public var endpoint: String
    /// `OWNER/REPO`
    public var repository: String
    /// As it was asked for.
    public var revision: String
    /// What that stood for.
    public var commit: String?
    /// The one file that was asked for.
    public var file: String?
    /// As the hub says it.
    public var license: String?

    init(
        endpoint: String, repository: String, revision: String, commit: String?, file: String?,
        license: String?
    ) {
        (self.endpoint, self.repository, self.revision) = (endpoint, repository, revision)
        (self.commit, self.file, self.license) = (commit, file, license)
    }

    /// Nil for a model that was not downloaded.
    public init?(folder: URL) {
        let path = folder.appendingPathComponent(Self.fileName).path
        guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 16,
            let json = try? JSONValue(parsing: data),
            let repository = json["repository"]?.stringValue
        else { return nil }
        self.repository = repository
        endpoint = json["endpoint"]?.stringValue ?? ""
        revision = json["revision"]?.stringValue ?? "main"
        commit = json["commit"]?.stringValue
        file = json["file"]?.stringValue
        license = json["license"]?.stringValue
    }

    /// Of a model's folder, or of the folder that a GGUF file lies in.
    public init?(of location: URL) {
        let isFolder = (try? location.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory
        self.init(folder: isFolder == true ? location : location.deletingLastPathComponent())
    }

    /// `hf:OWNER/REPO@COMMIT[:FILE]`
    public var source: String {
        "hf:\(repository)@\(commit ?? revision)" + (file.map { ":\($0)" } ?? "")
    }

    var json: [UInt8] {
        var writer = JSONWriter()
        writer.set("endpoint", endpoint)
        writer.set("repository", repository)
        writer.set("revision", revision)
        writer.set("commit", commit)
        writer.set("file", file)
        writer.set("license", license)
        return writer.bytes + [10]
    }
}
