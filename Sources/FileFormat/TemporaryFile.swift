import Foundation

/// The temporary files `PATH.tmp-PID-N` that become `PATH`: locked by their writer, and removed
/// once nobody holds the lock.
///
/// The lock, not the process id, tells whether the writer is alive: ids are reused, and differ
/// between containers that share a folder.
package enum TemporaryFile {
    private static func prefix(of path: String) -> String {
        (path as NSString).lastPathComponent + ".tmp-"
    }

    /// Creates a file, opened for writing and locked.
    package static func make(path: String, fileSystem: any FileSystem) throws(FileError)
        -> (path: String, descriptor: Int32)
    {
        while true {
            let unique = String(UInt64.random(in: .min ... .max), radix: 16)
            let temporary = "\(path).tmp-\(getpid())-\(unique)"
            let descriptor = try fileSystem.uninterrupted { system throws(FileError) in
                try system.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            }
            do throws(FileError) {
                let isLocked = try fileSystem.uninterrupted { system throws(FileError) in
                    try system.tryLock(descriptor, path: temporary)
                }
                // Another writer may have removed it between opening and locking.
                let isLinked = try fileSystem.uninterrupted { system throws(FileError) in
                    try system.isLinked(descriptor, path: temporary)
                }
                if isLocked && isLinked { return (temporary, descriptor) }
                fileSystem.close(descriptor)
            } catch {
                try? fileSystem.remove(temporary)
                fileSystem.close(descriptor)
                throw error
            }
        }
    }

    /// Removes files that dead writers of `path` left. Files that cannot be removed are harmless
    /// and stay.
    package static func sweep(path: String, fileSystem: any FileSystem) {
        let folder = parentFolder(of: path)
        let prefix = prefix(of: path)
        let names = (try? fileSystem.names(inFolder: folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let stale = folder + "/" + name
            guard let descriptor = try? fileSystem.open(stale, flags: O_WRONLY, mode: 0) else {
                continue
            }
            if (try? fileSystem.tryLock(descriptor, path: stale)) == true {
                try? fileSystem.remove(stale)
            }
            fileSystem.close(descriptor)
        }
    }
}
