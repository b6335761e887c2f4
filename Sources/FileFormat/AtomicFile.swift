import Foundation

/// Writes a file atomically: it appears complete or not at all.
///
///     PATH.tmp-PID-N  ── write … ── sync ── rename to PATH ── sync folder
///           └── locked while its writer lives: an unlocked one is stale, and is removed
///
/// 1. Until the rename, `PATH` keeps its old bytes; afterwards it has the new ones, never a
///    mixture.
/// 2. When `commit()` returns, the new bytes survive a power cut. When it throws, `PATH` has either
///    the old or the new bytes, complete.
/// 3. Dropping the writer without committing removes the temporary file. One left by a killed process
///    is removed by the next writer of the same path.
package final class AtomicFile {
    /// The final name.
    package let path: String
    private let temporaryPath: String
    private let fileSystem: any FileSystem
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes given to `write` so far.
    package private(set) var count = 0

    private static let bufferSize = 1 << 20

    package init(path: String, fileSystem: any FileSystem = SystemFileSystem()) throws(FileError) {
        self.path = path
        self.fileSystem = fileSystem
        TemporaryFile.sweep(path: path, fileSystem: fileSystem)
        (temporaryPath, descriptor) = try TemporaryFile.make(path: path, fileSystem: fileSystem)
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit { abandon() }

    /// Appends bytes to the temporary file.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        count += bytes.count
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize {
            try fileSystem.writeFully(descriptor, bytes, path: temporaryPath)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        var failure: FileError?
        bytes.withUnsafeBytes { bytes in
            do throws(FileError) { try write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes zero bytes up to the next multiple of `alignment`.
    package func pad(to alignment: Int) throws(FileError) {
        let excess = count % alignment
        if excess != 0 { try write([UInt8](repeating: 0, count: alignment - excess)) }
    }

    /// Makes the new content durable and replaces the old content by it.
    package func commit() throws(FileError) {
        precondition(descriptor >= 0, "committed or abandoned before")
        // After any failure the file is abandoned. After a failed sync in particular, the kernel
        // may have dropped the bytes.
        defer { abandon() }
        try flush()
        try fileSystem.uninterrupted { system throws(FileError) in
            try system.synchronize(descriptor, path: temporaryPath)
        }
        try fileSystem.uninterrupted { system throws(FileError) in
            try system.rename(temporaryPath, to: path)
        }
        fileSystem.close(descriptor)
        descriptor = -1
        try Self.synchronizeFolder(of: path, fileSystem: fileSystem)
    }

    /// Removes the temporary file; `path` stays unchanged.
    package func abandon() {
        guard descriptor >= 0 else { return }
        // Remove the name first: while the descriptor is open, no other writer considers the file
        // stale.
        try? fileSystem.uninterrupted { system throws(FileError) in
            try system.remove(temporaryPath)
        }
        fileSystem.close(descriptor)
        descriptor = -1
    }

    /// Makes a rename or a new file in `path`'s folder durable.
    package static func synchronizeFolder(
        of path: String, fileSystem: any FileSystem = SystemFileSystem()
    ) throws(FileError) {
        let folder = parentFolder(of: path)
        let descriptor = try fileSystem.uninterrupted { system throws(FileError) in
            try system.open(folder, flags: O_RDONLY | O_DIRECTORY, mode: 0)
        }
        defer { fileSystem.close(descriptor) }
        try fileSystem.uninterrupted { system throws(FileError) in
            try system.synchronize(descriptor, path: folder)
        }
    }

    private func flush() throws(FileError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        var failure: FileError?
        pending.withUnsafeBytes { bytes in
            do throws(FileError) {
                try fileSystem.writeFully(descriptor, bytes, path: temporaryPath)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
