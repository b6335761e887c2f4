import Foundation
import JSON
import TextBytes

/// What the hub says a repository holds at a revision: the answer of
/// `/api/models/OWNER/REPO/revision/REV?blobs=true`.
struct HubListing: Equatable {
    /// The commit that the revision stands for; nil if the answer does not say it.
    var commit: String?
    /// As the model's card says it.
    var license: String?
    var files: [HubFile] = []

    /// More than any model has.
    static let maximumFiles = 20_000

    init(_ bytes: [UInt8], repository: String, url: String) throws(HubError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes) } catch {
            throw .badAnswer(url: url, problem: "the answer is not JSON: \(error)")
        }
        guard let siblings = json["siblings"]?.arrayValue else {
            throw .badAnswer(url: url, problem: "the answer has no list \"siblings\"")
        }
        guard siblings.count <= Self.maximumFiles else {
            throw .tooManyFiles(
                repository: repository, count: siblings.count, limit: Self.maximumFiles)
        }
        if let commit = json["sha"]?.stringValue, HubFile.isHexadecimal(commit, count: 40) {
            self.commit = commit
        }
        license = Self.license(json)
        var names: Set<Identifier> = []
        for sibling in siblings {
            guard let path = sibling["rfilename"]?.stringValue else {
                throw .badAnswer(url: url, problem: "a file in \"siblings\" has no \"rfilename\"")
            }
            guard !HubFile.leadsOut(path) else {
                throw .hostilePath(repository: repository, path: path)
            }
            guard names.insert(Identifier(path)).inserted else {
                throw .badAnswer(url: url, problem: "lists \(path) twice")
            }
            files.append(try HubFile(path: path, json: sibling, url: url))
        }
    }

    /// `cardData.license`, else the tag `license:…`.
    private static func license(_ json: JSONValue) -> String? {
        var found = json["cardData"]?["license"]?.stringValue
        if found == nil {
            let tags = (json["tags"]?.arrayValue ?? []).compactMap(\.stringValue)
            found = tags.first { $0.hasPrefix("license:") }.map { String($0.dropFirst(8)) }
        }
        guard let found, 1...100 ~= found.utf8.count,
            found.utf8.allSatisfy({ 32...126 ~= $0 })
        else { return nil }
        return found
    }
}

/// A file in a repository, with what is known of its content before it is fetched.
struct HubFile: Equatable {
    let path: String
    var size: Int?
    /// Of a file in large file storage.
    var sha256: String?
    /// Git's name of any other: SHA-1 with its size before it.
    var gitBlob: String?

    init(path: String, size: Int? = nil, sha256: String? = nil, gitBlob: String? = nil) {
        (self.path, self.size, self.sha256, self.gitBlob) = (path, size, sha256, gitBlob)
    }

    init(path: String, json: JSONValue, url: String) throws(HubError) {
        self.path = path
        let stored = json["lfs"]
        size = try Self.size(stored?["size"] ?? json["size"], path, url)
        if let hash = stored?["sha256"]?.stringValue?.lowercased() {
            guard Self.isHexadecimal(hash, count: 64) else {
                throw .badAnswer(url: url, problem: "\(path): \"sha256\" is not 64 digits")
            }
            sha256 = hash
        } else if stored?.objectValue == nil, let name = json["blobId"]?.stringValue,
            Self.isHexadecimal(name, count: 40)
        {
            gitBlob = name.lowercased()
        }
    }

    private static func size(
        _ value: JSONValue?, _ path: String, _ url: String
    ) throws(HubError) -> Int? {
        guard let value, value != .null else { return nil }
        guard let size = value.integerValue, 0...(1 << 50) ~= size else {
            throw .badAnswer(url: url, problem: "\(path): its size, \(value), cannot be one")
        }
        return size
    }

    static func isHexadecimal(_ text: String, count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"):
                    true
                default: false
                }
            }
    }

    /// Whether the name would lead out of the folder that it is put in, or cannot be a name at all.
    static func leadsOut(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if path.utf8.count > 1024 || parts.count > 16 { return true }
        return path.utf8.contains { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "\\") }
            || parts.contains { part in
                part.isEmpty || part.count > 255 || part.elementsEqual(".".utf8)
                    || part.elementsEqual("..".utf8)
            }
    }
}
