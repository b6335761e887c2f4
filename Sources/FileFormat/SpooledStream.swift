import Foundation

/// A stream copied to an unnamed temporary file, so that it can be read more than once, unlike a
/// pipe.
package final class SpooledStream: ByteStream {
    package let name: String
    private let descriptor: Int32
    private let stream: DescriptorStream

    /// Reads the whole stream. The temporary file is in `TMPDIR`, else `/tmp`, and is removed with
    /// this object.
    ///
    /// - Throws: what the stream throws; `ByteStreamError.system` if the file cannot be written.
    package init(_ source: any ByteStream) throws {
        name = source.name
        let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var path = Array((folder + "/vdb-spool-XXXXXX").utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw ByteStreamError.system(
                operation: "create a temporary file in \(folder)", name: name, code: errno)
        }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        stream = DescriptorStream(descriptor: descriptor, name: name)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { break }
            try write(chunk[..<count])
        }
        rewind()
    }

    deinit { close(descriptor) }

    package var position: Int { stream.position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try stream.read(into: buffer)
    }

    /// Reads from the beginning again.
    package func rewind() { lseek(descriptor, 0, SEEK_SET) }

    private func write(_ bytes: ArraySlice<UInt8>) throws(ByteStreamError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw .system(operation: "write a temporary file for", name: name, code: errno)
            }
            rest = rest.dropFirst(count)
        }
    }
}
