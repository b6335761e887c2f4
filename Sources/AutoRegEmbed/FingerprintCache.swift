import FileFormat
import Foundation
import Transformer

/// Caches the fingerprints of large checkpoints, so that a short command need not read gigabytes to
/// identify its model.
///
/// An entry is a small file under `$XDG_CACHE_HOME/vdb/fingerprints/`, named by a hash of the
/// checkpoint files' paths, sizes, inodes and modification times, and containing the 32 digits. If
/// any of these changes, the file is hashed again. The folder can be deleted at any time.
package struct FingerprintCache {
    /// Smaller checkpoints, in bytes, are hashed every time, which takes at most about 20 ms.
    package static let smallest = 256 << 20

    package let folder: URL

    /// A cache in the user's cache folder; nil if neither `XDG_CACHE_HOME` nor `HOME` is an
    /// absolute path.
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

    /// The checkpoint's fingerprint, from the cache if it has an entry, else from `make`.
    package func fingerprint(of checkpoint: Checkpoint, make: () -> ContentHash) -> String {
        guard let key = key(of: checkpoint) else { return make().hexadecimal }
        let entry = folder.appendingPathComponent(key)
        if let data = try? Data(contentsOf: entry), data.count == 32,
            data.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        {
            return String(decoding: data, as: UTF8.self)
        }
        let fingerprint = make().hexadecimal
        // Failing to write the cache is not an error.
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if let file = try? AtomicFile(path: entry.path) {
            try? file.write(Array(fingerprint.utf8))
            try? file.commit()
        }
        return fingerprint
    }

    /// Nil if a file's attributes are unknown, as for a model in memory.
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
