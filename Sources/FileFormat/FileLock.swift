import Foundation

/// An exclusive lock on a file, among processes and within one.
///
/// The kernel holds it (`flock`): it ends with `release()` or with the process, however that ends.
/// The file's content names the holder, for messages only.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Parameter holder: what ``holder(of:)`` tells others.
    /// - Returns: `nil` where another holds the lock.
    package init?(path: String, holder: String) throws(FileError) {
        let fileSystem = SystemFileSystem()
        let descriptor = try fileSystem.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            fileSystem.close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw .system(operation: "lock", path: path, code: code)
        }
        self.descriptor = descriptor
        // A name that cannot be written costs a message its name, nothing else.
        let text = Array(holder.utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    /// Gives the lock back; call it once.
    package func release() { SystemFileSystem().close(descriptor) }

    /// Who holds the lock, as far as the file says.
    package static func holder(of path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
            return nil
        }
        return String(decoding: data.prefix(200), as: UTF8.self)
    }
}
