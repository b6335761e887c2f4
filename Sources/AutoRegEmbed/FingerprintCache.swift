import FileFormat
import Foundation
import Transformer

/// Remembers the fingerprints of large checkpoints, so that a short command need not read gigabytes
/// to know which model it has.
///
/// An entry is a small file under `$XDG_CACHE_HOME/vdb/fingerprints/`, named after the checkpoint
/// files' paths, sizes, inodes and times of change, and holding the 32 digits. A file that changes
/// in any of these is read again; losing the folder loses nothing.
package struct FingerprintCache {
    /// Checkpoints below this many bytes are hashed every time: some 20 ms at most.
    package static let smallest = 256 << 20

    package let folder: URL

    /// In the user's cache folder; nil where there is no home.
    package init?() {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            folder = URL(fileURLWithPath: cache).appendingPathComponent("vdb/fingerprints")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = URL(fileURLWithPath: home).appendingPathComponent(".cache/vdb/fingerprints")
        } else {
            return nil
        }
    }

    package init(folder: URL) { self.folder = folder }

    /// The checkpoint's fingerprint, from the cache where an entry fits, else from `make`.
    package func fingerprint(of checkpoint: Checkpoint, make: () -> ContentHash) -> String {
        guard let key = key(of: checkpoint) else { return make().hexadecimal }
        let entry = folder.appendingPathComponent(key)
        if let data = try? Data(contentsOf: entry), data.count == 32,
            data.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        {
            return String(decoding: data, as: UTF8.self)
        }
        let fingerprint = make().hexadecimal
        // A cache that cannot be written is no reason to fail.
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let file = try? AtomicFile(path: entry.path) {
            try? file.write(Array(fingerprint.utf8))
            try? file.commit()
        }
        return fingerprint
    }

    /// Nil where a file's state cannot be told, as for a model in memory.
    private func key(of checkpoint: Checkpoint) -> String? {
        let hasher = ContentHasher()
        for file in checkpoint.filePaths {
            let path = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
            guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
                let size = facts[.size] as? NSNumber,
                let inode = facts[.systemFileNumber] as? NSNumber,
                let changed = facts[.modificationDate] as? Date
            else { return nil }
            hasher.update(path)
            hasher.update("\(size) \(inode) \(changed.timeIntervalSinceReferenceDate)")
        }
        return hasher.finalize().hexadecimal
    }
}
