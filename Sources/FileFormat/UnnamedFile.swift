import Foundation

/// A temporary file without a name, which goes away with this object or with the process, however
/// that ends.
package final class UnnamedFile {
    package let descriptor: Int32
    private let name: String
    private let system = SystemFileSystem()

    /// Makes an empty file in `TMPDIR`, else in `/tmp`. Programs started later do not inherit it.
    ///
    /// - Parameter name: what its bytes come from, in messages.
    package init(for name: String) throws(ByteStreamError) {
        self.name = name
        let wanted = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
        let folder = wanted.isEmpty ? "/tmp" : wanted
        let path = "\(folder)/vdb-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        do {
            // Not mkstemp, whose file a program started by another thread could inherit.
            descriptor = try system.uninterrupted { system throws(FileError) in
                try system.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            }
        } catch {
            throw Self.failure(error, "create a temporary file in \(folder)", name)
        }
        unlink(path)
    }

    deinit { close(descriptor) }

    /// Writes all of `bytes` after what is written already.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ByteStreamError) {
        do {
            try system.writeFully(descriptor, bytes, path: name)
        } catch {
            throw Self.failure(error, "write a temporary file", name)
        }
    }

    /// Moves to the beginning, to read what was written.
    package func rewind() { lseek(descriptor, 0, SEEK_SET) }

    private static func failure(
        _ error: FileError, _ operation: String, _ name: String
    ) -> ByteStreamError {
        let code = if case .system(_, _, let code) = error { code } else { EIO }
        return .system(operation: operation, name: name, code: code)
    }
}
