import Foundation

/// Every system call that vdb makes on files of its own (SQLite makes its own).
///
/// Tests put a faulty implementation here: the nth operation fails, a write is short, what was not
/// synced is lost. Reads through a mapping do not pass here; only opening one does.
package protocol FileSystem: Sendable {
    func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32
    func close(_ descriptor: Int32)
    /// Bytes written, possibly fewer than asked for.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(FileError)
        -> Int
    /// Makes the file's bytes survive a power cut.
    func synchronize(_ descriptor: Int32, path: String) throws(FileError)
    func rename(_ source: String, to destination: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    func size(_ descriptor: Int32, path: String) throws(FileError) -> Int
}

/// The operating system's own calls.
package struct SystemFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32 {
        while true {
            let descriptor = Foundation.open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw .system(operation: "open", path: path, code: errno) }
        }
    }

    package func close(_ descriptor: Int32) { _ = Foundation.close(descriptor) }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String)
        throws(FileError) -> Int
    {
        while true {
            let written = Foundation.write(descriptor, bytes.baseAddress, bytes.count)
            if written >= 0 { return written }
            if errno != EINTR { throw .system(operation: "write", path: path, code: errno) }
        }
    }

    package func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw .system(operation: "sync", path: path, code: errno) }
        }
    }

    package func rename(_ source: String, to destination: String) throws(FileError) {
        guard Foundation.rename(source, destination) == 0 else {
            throw .system(operation: "rename to \(destination)", path: source, code: errno)
        }
    }

    package func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 else {
            throw .system(operation: "remove", path: path, code: errno)
        }
    }

    package func size(_ descriptor: Int32, path: String) throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(operation: "read the size of", path: path, code: errno)
        }
        return Int(status.st_size)
    }
}
