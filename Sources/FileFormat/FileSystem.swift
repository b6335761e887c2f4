import Foundation

/// Every system call that vdb makes on its own files, apart from SQLite's.
///
/// Tests inject a faulty implementation: the nth operation fails, a write is short, a call is
/// interrupted. Call these methods through `uninterrupted`. Reads through a mapping do not pass
/// through here; only opening one does.
package protocol FileSystem: Sendable {
    func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32
    func close(_ descriptor: Int32)
    /// Returns the number of bytes written, possibly fewer than given.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(FileError)
        -> Int
    /// Returns the number of bytes read from the start of the file, possibly fewer than the buffer
    /// holds.
    func readStart(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, path: String)
        throws(FileError) -> Int
    /// Makes the file's bytes durable.
    func synchronize(_ descriptor: Int32, path: String) throws(FileError)
    func truncate(_ descriptor: Int32, to count: Int, path: String) throws(FileError)
    func rename(_ source: String, to destination: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    func size(_ descriptor: Int32, path: String) throws(FileError) -> Int
    /// Whether the open file still has a name.
    func isLinked(_ descriptor: Int32, path: String) throws(FileError) -> Bool
    /// Takes the exclusive advisory lock (flock) of an open file without waiting; false if another
    /// open file holds it. It ends when the descriptor is closed, including by the end of the
    /// process.
    func tryLock(_ descriptor: Int32, path: String) throws(FileError) -> Bool
    /// The names in a folder, in no particular order.
    func names(inFolder path: String) throws(FileError) -> [String]
}

extension FileSystem {
    /// Repeats a call while signals interrupt it.
    package func uninterrupted<T>(_ call: (Self) throws(FileError) -> T) throws(FileError) -> T {
        while true {
            do throws(FileError) {
                return try call(self)
            } catch {
                guard case .system(_, _, EINTR) = error else { throw error }
            }
        }
    }

    /// Writes all of `bytes`, in as many calls as it takes.
    package func writeFully(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String
    ) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try uninterrupted { system throws(FileError) in
                try system.write(descriptor, rest, path: path)
            }
            // Without this, a file that accepts no bytes and reports no error would loop forever.
            guard written > 0 else { throw .system(operation: "write", path: path, code: EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}

/// The operating system's own calls, each made once.
package struct SystemFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32 {
        let descriptor = Foundation.open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        return descriptor
    }

    package func close(_ descriptor: Int32) { _ = Foundation.close(descriptor) }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String)
        throws(FileError) -> Int
    {
        let written = Foundation.write(descriptor, bytes.baseAddress, bytes.count)
        guard written >= 0 else { throw .system(operation: "write", path: path, code: errno) }
        return written
    }

    package func readStart(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, path: String
    ) throws(FileError) -> Int {
        let found = pread(descriptor, bytes.baseAddress, bytes.count, 0)
        guard found >= 0 else { throw .system(operation: "read", path: path, code: errno) }
        return found
    }

    package func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        guard fsync(descriptor) == 0 else {
            throw .system(operation: "sync", path: path, code: errno)
        }
    }

    package func truncate(_ descriptor: Int32, to count: Int, path: String) throws(FileError) {
        guard ftruncate(descriptor, off_t(count)) == 0 else {
            throw .system(operation: "truncate", path: path, code: errno)
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
        Int(try status(descriptor, path: path).st_size)
    }

    package func isLinked(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        try status(descriptor, path: path).st_nlink > 0
    }

    private func status(_ descriptor: Int32, path: String) throws(FileError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(operation: "read the size of", path: path, code: errno)
        }
        return status
    }

    package func tryLock(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else {
            throw .system(operation: "lock", path: path, code: errno)
        }
        return false
    }

    package func names(inFolder path: String) throws(FileError) -> [String] {
        try FolderListing(Array(path.utf8), name: path).entries.map {
            String(decoding: $0.name, as: UTF8.self)
        }
    }
}
