import FileFormat
import Foundation

/// vdb's own store of models: a folder with a named entry for each.
///
/// An entry is a model folder, a folder with one GGUF file, or a symbolic link to a model
/// elsewhere.
public struct ModelStore: Sendable {
    /// The store's folder. It is created when the first model is added.
    public let folder: URL

    /// Nothing is read or created yet.
    public init(folder: URL) { self.folder = folder }

    /// `$VDB_MODELS`, else `$XDG_DATA_HOME/vdb/models`, else `~/.local/share/vdb/models`; nil if
    /// `HOME` is not set either.
    public init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        if let path = environment["VDB_MODELS"], !path.isEmpty {
            folder = URL(fileURLWithPath: path)
        } else if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            folder = URL(fileURLWithPath: data).appendingPathComponent("vdb/models")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = URL(fileURLWithPath: home).appendingPathComponent(".local/share/vdb/models")
        } else {
            return nil
        }
    }

    /// Whether a name is valid for an entry: 1 to 128 ASCII letters, digits, `-`, `_` and `.`, not
    /// beginning with a dot.
    public static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 128 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// The path of the entry with that name; nil if there is none, or its link is broken.
    public func entry(_ name: String) -> URL? {
        guard Self.isName(name) else { return nil }
        let entry = folder.appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: entry.path) ? entry : nil
    }

    /// The names of all entries, sorted; empty if the store does not exist.
    ///
    /// - Throws: Foundation's error if the folder cannot be read.
    public func names() throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { Self.isName($0) }.sorted()
    }

    /// Makes sure that an entry of that name can be made.
    ///
    /// - Throws: ``ModelStoreError``
    public func checkFree(_ name: String) throws(ModelStoreError) {
        guard Self.isName(name) else { throw .badName(name) }
        let entry = folder.appendingPathComponent(name)
        // A broken link counts as well.
        guard (try? FileManager.default.attributesOfItem(atPath: entry.path)) == nil else {
            throw .taken(name)
        }
    }

    /// Adds a model under a name, as a link to it or as a copy.
    ///
    /// - Throws: ``ModelStoreError``, or Foundation's error if the store cannot be written.
    public func add(_ model: URL, as name: String, copying: Bool) throws {
        try checkFree(name)
        let entry = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if copying {
            // Copy under another name first, so that the entry appears atomically.
            let part = folder.appendingPathComponent(".\(name)-\(UUID().uuidString)")
            do {
                try Self.copy(model, to: part)
                try FileManager.default.moveItem(at: part, to: entry)
            } catch {
                try? FileManager.default.removeItem(at: part)
                throw error
            }
        } else {
            try FileManager.default.createSymbolicLink(
                at: entry, withDestinationURL: model.standardizedFileURL)
        }
    }

    /// Copies a file, or a folder with all that is in it, links as what they lead to: the files of
    /// Hugging Face's cache are links out of their folder.
    private static func copy(_ source: URL, to place: URL) throws {
        let files = FileManager.default
        let source = source.resolvingSymlinksInPath()
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: source.path, isDirectory: &isFolder), isFolder.boolValue
        else { return try files.copyItem(at: source, to: place) }
        try files.createDirectory(at: place, withIntermediateDirectories: false)
        for name in try files.contentsOfDirectory(atPath: source.path) {
            try copy(source.appendingPathComponent(name), to: place.appendingPathComponent(name))
        }
    }

    /// Where a download puts an entry together; no name of an entry begins with a dot.
    func workplace(of name: String) -> URL { folder.appendingPathComponent(".\(name).download") }

    /// Removes an entry, and what a download of that name has left. If it is a link, the model itself
    /// is kept.
    ///
    /// - Throws: ``ModelStoreError``, or Foundation's error if the store cannot be written.
    public func remove(_ name: String) throws {
        guard Self.isName(name) else { throw ModelStoreError.missing(name) }
        let found = [folder.appendingPathComponent(name), workplace(of: name)].filter {
            (try? FileManager.default.attributesOfItem(atPath: $0.path)) != nil
        }
        guard !found.isEmpty else { throw ModelStoreError.missing(name) }
        for url in found { try FileManager.default.removeItem(at: url) }
    }
}

/// Why the store was not changed.
public enum ModelStoreError: Error, Equatable, Sendable {
    /// The name is not valid for an entry; see ``ModelStore/isName(_:)``.
    case badName(String)
    /// There already is an entry of that name.
    case taken(String)
    /// There is no entry of that name.
    case missing(String)
}

extension ModelStoreError: CustomStringConvertible {
    /// The fact as one English phrase without a remedy, for logs.
    public var description: String {
        switch self {
        case .badName(let name):
            "\(name): names of models consist of letters, digits, '-', '_' and '.'"
        case .taken(let name): "\(name): a model of that name is already in the store"
        case .missing(let name): "\(name): no such model in the store"
        }
    }
}
