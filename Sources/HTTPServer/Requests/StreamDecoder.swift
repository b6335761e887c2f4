import FileFormat
import NIOCore

/// Decompresses a body as it arrives.
final class StreamDecoder {
    private let source = Source()
    private let stream: any ByteStream
    private let encoding: Compression

    /// - Parameter encoding: gzip or zstd.
    init(_ encoding: Compression) {
        self.encoding = encoding
        stream = encoding == .gzip ? GzipStream(source) : ZstdStream(source)
    }

    /// Passes on what can be decompressed with another piece of the body; `nil` is its end.
    ///
    /// - Throws: `damagedEncoding`; what `body` throws.
    func decode(_ piece: ByteBuffer?, _ body: (ByteBuffer) async throws -> Void) async throws {
        if let piece { source.add(piece) } else { source.isAtEnd = true }
        while true {
            var result = ByteBuffer()
            let count: Int
            do {
                count = try result.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) {
                    try stream.read(into: $0)
                }
            } catch is Source.NeedsMore {
                return
            } catch { throw RequestFailure.damagedEncoding(encoding: encoding.rawValue) }
            if count == 0 { return }
            try await body(result)
        }
    }

    /// What has arrived and is not yet read.
    private final class Source: ByteStream {
        struct NeedsMore: Error {}

        let name = "body"
        private(set) var position = 0
        var isAtEnd = false
        private var pending = ByteBuffer()

        func add(_ piece: ByteBuffer) {
            var piece = piece
            pending.discardReadBytes()
            pending.writeBuffer(&piece)
        }

        func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
            if pending.readableBytes == 0 {
                if isAtEnd { return 0 }
                throw NeedsMore()
            }
            let count = min(target.count, pending.readableBytes)
            pending.readWithUnsafeReadableBytes { bytes in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                return count
            }
            position += count
            return count
        }
    }
}
