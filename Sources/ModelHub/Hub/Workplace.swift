import FileFormat
import Foundation
import JSON
import TextBytes

/// The hidden folder that a model is put together in; see ``ModelDownload``.
final class Workplace {
    private let folder: URL
    private let entry: URL
    private let name: String
    private let system = SystemFileSystem()
    private var lock: Int32 = -1

    private var model: URL { folder.appendingPathComponent("model") }
    private var parts: URL { folder.appendingPathComponent("parts") }
    private var planPath: String { folder.appendingPathComponent("plan.json").path }

    /// Makes the folder, or takes the one that an earlier run left.
    ///
    /// - Throws: `HubError.busy` if another process has it.
    init(store: ModelStore, name: String) throws {
        folder = store.workplace(of: name)
        entry = store.folder.appendingPathComponent(name)
        self.name = name
        try takeLock()
        for folder in [model, parts] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
    }

    deinit { release() }

    /// The kernel's lock ends with the process, however that ends. A lock whose file another process
    /// has removed with the folder counts for nothing.
    private func takeLock() throws {
        let path = folder.appendingPathComponent("lock").path
        while true {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let descriptor: Int32
            do throws(FileError) {
                descriptor = try system.uninterrupted { system throws(FileError) in
                    try system.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
                }
            } catch {
                // The folder has gone between the two.
                if case .system(_, _, ENOENT) = error { continue }
                throw error
            }
            lock = descriptor
            guard try system.tryLock(descriptor, path: path) else {
                release()
                throw HubError.busy(name: name)
            }
            if try system.isLinked(descriptor, path: path) { return }
            release()
        }
    }

    private func release() {
        if lock >= 0 { system.close(lock) }
        lock = -1
    }

    /// Keeps what an earlier run fetched of the same files, and removes everything else.
    func prepare(_ files: [HubFile], revision: String) throws {
        let old = Set(plan().map { Identifier($0) })
        let identities = files.map { Self.identity($0, revision) }
        let kept = zip(files, identities).filter { old.contains(Identifier($0.1)) }.map(\.0)
        let keptPaths = Set(kept.map { Identifier($0.path) })
        let keptParts = Set(kept.flatMap { [partName($0), partName($0) + ".tag"] })
        for path in (try? FileManager.default.subpathsOfDirectory(atPath: model.path)) ?? [] {
            let url = model.appendingPathComponent(path)
            guard FolderListingKind.isFile(url), !keptPaths.contains(Identifier(path)) else {
                continue
            }
            try FileManager.default.removeItem(at: url)
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parts.path)) ?? []
        where !keptParts.contains(name) {
            try FileManager.default.removeItem(at: parts.appendingPathComponent(name))
        }
        let text = JSONValue.array(identities.map(JSONValue.string)).jsonText
        try Self.write(Array(text.utf8), to: planPath)
    }

    private func plan() -> [String] {
        guard let data = FileManager.default.contents(atPath: planPath),
            let list = (try? JSONValue(parsing: data))?.arrayValue
        else { return [] }
        return list.compactMap(\.stringValue)
    }

    /// Two files of one identity have the same bytes: their hashes say so, or their commit.
    private static func identity(_ file: HubFile, _ revision: String) -> String {
        let content = file.sha256 ?? file.gitBlob ?? "at \(revision)"
        return "\(content) \(file.size ?? -1) \(file.path)"
    }

    private func partName(_ file: HubFile) -> String {
        var path = file.path
        return path.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)).hexadecimal }
    }

    /// Where a file grows.
    func part(_ file: HubFile) -> String { parts.appendingPathComponent(partName(file)).path }

    private func place(_ file: HubFile) -> URL { model.appendingPathComponent(file.path) }

    /// Whether a file is whole and checked.
    func has(_ file: HubFile) -> Bool { FolderListingKind.isFile(place(file)) }

    /// Puts a part that has been checked in its place.
    func accept(_ file: HubFile) throws {
        let place = place(file)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try system.rename(part(file), to: place.path)
        try AtomicFile.synchronizeFolder(of: place.path)
    }

    /// Makes the folder the store's entry.
    func finish(_ origin: ModelOrigin) throws {
        try Self.write(
            origin.json, to: model.appendingPathComponent(ModelOrigin.fileName).path)
        try AtomicFile.synchronizeFolder(of: model.path)
        do throws(FileError) {
            try system.rename(model.path, to: entry.path)
        } catch {
            if case .system(_, _, let code) = error, [ENOTEMPTY, EEXIST, ENOTDIR].contains(code) {
                throw ModelStoreError.taken(name)
            }
            throw error
        }
        try AtomicFile.synchronizeFolder(of: entry.path)
        remove()
    }

    /// Removes the folder. The lock goes with it.
    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Free on the disk for this user; nil if the system does not say.
    var availableBytes: Int? {
        var facts = statvfs()
        guard statvfs(folder.path, &facts) == 0 else { return nil }
        let (bytes, overflow) = UInt64(facts.f_bavail).multipliedReportingOverflow(
            by: UInt64(facts.f_frsize))
        return overflow ? nil : Int(clamping: bytes)
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }
}

private enum FolderListingKind {
    static func isFile(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }
}
