import FileFormat
import Foundation

/// vdb's own store of models: a folder with an entry for each, by name.
///
/// An entry is a model's folder, a folder with one GGUF file, or a symbolic link to a model that lies
/// elsewhere.
public struct ModelStore: Sendable {
    public let folder: URL

    public init(folder: URL) { self.folder = folder }

    /// `$VDB_MODELS`, else `$XDG_DATA_HOME/vdb/models`, else `~/.local/share/vdb/models`; nil if there
    /// is no home either.
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

    /// Whether a name can be an entry's: letters, digits, `-`, `_`, `.`, and not hidden.
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

    /// Where the entry of that name is; nil if there is none.
    public func entry(_ name: String) -> URL? {
        guard Self.isName(name) else { return nil }
        let entry = folder.appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: entry.path) ? entry : nil
    }

    /// Sorted by name.
    public func names() throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { Self.isName($0) }.sorted()
    }

    /// Makes `name` stand for a model that lies elsewhere, by a link, or for a copy of it.
    ///
    /// - Throws: ``ModelStoreError``, or Foundation's error if the store cannot be written.
    public func add(_ model: URL, as name: String, copying: Bool) throws {
        guard Self.isName(name) else { throw ModelStoreError.badName(name) }
        let entry = folder.appendingPathComponent(name)
        // A link that leads nowhere counts, too.
        guard (try? FileManager.default.attributesOfItem(atPath: entry.path)) == nil else {
            throw ModelStoreError.taken(name)
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if copying {
            // Under another name first, so that the model is there whole or not at all.
            let part = folder.appendingPathComponent(".\(name)-\(UUID().uuidString)")
            do {
                try FileManager.default.copyItem(at: model.resolvingSymlinksInPath(), to: part)
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

    /// Removes an entry; of a link, what it leads to stays.
    ///
    /// - Throws: ``ModelStoreError``, or Foundation's error if the store cannot be written.
    public func remove(_ name: String) throws {
        let entry = folder.appendingPathComponent(name)
        guard Self.isName(name),
            (try? FileManager.default.attributesOfItem(atPath: entry.path)) != nil
        else { throw ModelStoreError.missing(name) }
        try FileManager.default.removeItem(at: entry)
    }
}

/// Why the store does not change.
public enum ModelStoreError: Error, Equatable, Sendable {
    /// Not a name that an entry can have.
    case badName(String)
    /// There is an entry of that name.
    case taken(String)
    case missing(String)
}

extension ModelStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badName(let name):
            "\(name): a model's name has letters, digits, '-', '_' and '.' only"
        case .taken(let name): "\(name): there is a model of that name in the store"
        case .missing(let name): "\(name): there is no such model in the store"
        }
    }
}
