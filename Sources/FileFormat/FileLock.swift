import Foundation
import Synchronization

/// An exclusive advisory lock on a file, between processes and within one, that records its holder.
///
/// The lock is the kernel's (`flock`): it ends with `release()`, with the last reference, or with
/// the process. The file's text is for messages only and may be a dead holder's. The file is never
/// removed: otherwise two holders could lock two files of the same name.
package final class FileLock: Sendable {
    private let fileSystem: any FileSystem
    private let descriptor: Mutex<Int32>

    /// Takes the lock if nobody holds it.
    ///
    /// - Parameters:
    ///   - path: the lock file, created if it is missing.
    ///   - holder: one line, which `holder(of:)` returns.
    /// - Returns: nil if another holder has the lock.
    package init?(
        path: String, holder: String, fileSystem: any FileSystem = SystemFileSystem()
    ) throws(FileError) {
        self.fileSystem = fileSystem
        let descriptor = try fileSystem.uninterrupted { system throws(FileError) in
            try system.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        }
        self.descriptor = Mutex(descriptor)
        let isOurs = try fileSystem.uninterrupted { system throws(FileError) in
            try system.tryLock(descriptor, path: path)
        }
        guard isOurs else { return nil }
        try Self.record(holder, in: descriptor, path: path, fileSystem: fileSystem)
    }

    /// Takes the lock, blocking the thread for at most `timeout` while another holds it.
    ///
    /// - Throws: `FileError.locked`, naming the holder, after the time-out.
    package static func acquire(
        path: String, holder: String, timeout: Duration,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(FileError) -> FileLock {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(1)
        while true {
            if let lock = try FileLock(path: path, holder: holder, fileSystem: fileSystem) {
                return lock
            }
            let left = timeout - (ContinuousClock.now - start)
            guard left > .zero else {
                throw .locked(
                    path: path, holder: Self.holder(of: path), seconds: timeout / .seconds(1))
            }
            Thread.sleep(forTimeInterval: min(pause, left) / .seconds(1))
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    deinit { release() }

    /// Releases the lock. Further calls do nothing.
    package func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { fileSystem.close(descriptor) }
            descriptor = -1
        }
    }

    /// The last holder recorded in the file, which is the current one if the lock is held; nil if
    /// none is recorded.
    package static func holder(
        of path: String, fileSystem: any FileSystem = SystemFileSystem()
    ) -> String? {
        guard let descriptor = try? fileSystem.open(path, flags: O_RDONLY, mode: 0) else {
            return nil
        }
        defer { fileSystem.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 400)
        let count = bytes.withUnsafeMutableBytes { buffer in
            (try? fileSystem.readStart(descriptor, buffer, path: path)) ?? 0
        }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    private static func record(
        _ holder: String, in descriptor: Int32, path: String, fileSystem: any FileSystem
    ) throws(FileError) {
        let text = Array(holder.split(whereSeparator: \.isNewline).joined(separator: " ").utf8)
        try fileSystem.uninterrupted { system throws(FileError) in
            try system.truncate(descriptor, to: 0, path: path)
        }
        var failure: FileError?
        text.withUnsafeBytes { bytes in
            do throws(FileError) {
                try fileSystem.writeFully(descriptor, bytes, path: path)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
