import Foundation

/// Writes a file that appears whole or not at all.
///
/// 1. Bytes go to `PATH.tmp-PID-N` in the same folder.
/// 2. `commit()` syncs it, renames it over `PATH`, and syncs the folder.
/// 3. Before that, `PATH` keeps its old bytes; dropping the writer without committing removes the
///    temporary file. One left by a killed process is swept by the next writer of the same path.
package final class AtomicFile {
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
        let unique = UInt32.random(in: .min ... .max)
        temporaryPath = "\(path).tmp-\(getpid())-\(String(unique, radix: 16))"
        descriptor = try fileSystem.open(
            temporaryPath, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit { abandon() }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        count += bytes.count
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize {
            try writeFully(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        count += bytes.count
        buffer.append(contentsOf: bytes)
        if buffer.count > Self.bufferSize { try flush() }
    }

    /// Zero bytes up to the next multiple of `alignment`.
    package func pad(to alignment: Int) throws(FileError) {
        let excess = count % alignment
        if excess != 0 { try write([UInt8](repeating: 0, count: alignment - excess)) }
    }

    /// Makes the new content durable and puts it in the place of the old.
    package func commit() throws(FileError) {
        try flush()
        try fileSystem.synchronize(descriptor, path: temporaryPath)
        fileSystem.close(descriptor)
        descriptor = -1
        try fileSystem.rename(temporaryPath, to: path)
        try Self.synchronizeFolder(of: path, fileSystem: fileSystem)
    }

    /// Removes what has been written; `path` stays as it was.
    package func abandon() {
        guard descriptor >= 0 else { return }
        fileSystem.close(descriptor)
        descriptor = -1
        try? fileSystem.remove(temporaryPath)
    }

    /// Makes a rename or a new name in `path`'s folder survive a power cut.
    package static func synchronizeFolder(
        of path: String, fileSystem: any FileSystem = SystemFileSystem()
    ) throws(FileError) {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = try fileSystem.open(
            folder.isEmpty ? "." : folder, flags: O_RDONLY | O_DIRECTORY, mode: 0)
        defer { fileSystem.close(descriptor) }
        try fileSystem.synchronize(descriptor, path: folder)
    }

    private func flush() throws(FileError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        var failure: FileError?
        pending.withUnsafeBytes { bytes in
            do throws(FileError) { try writeFully(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func writeFully(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try fileSystem.write(descriptor, rest, path: temporaryPath)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}
