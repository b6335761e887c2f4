/// A stream copied to an unnamed temporary file, so that it can be read more than once, unlike a
/// pipe.
package final class SpooledStream: ByteStream {
    package let name: String
    private let file: UnnamedFile
    private let stream: DescriptorStream

    /// Reads the whole stream. The file is removed with this object.
    ///
    /// - Throws: what the stream throws; `ByteStreamError.system` if the file cannot be written.
    package init(_ source: any ByteStream) throws {
        name = source.name
        file = try UnnamedFile(for: name)
        stream = DescriptorStream(descriptor: file.descriptor, name: name)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { break }
            try chunk.withUnsafeBytes {
                try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
        rewind()
    }

    package var position: Int { stream.position }
    package var descriptor: Int32 { file.descriptor }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try stream.read(into: buffer)
    }

    /// Reads from the beginning again.
    package func rewind() { file.rewind() }
}
