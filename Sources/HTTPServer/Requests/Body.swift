import FileFormat
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Call {
    /// The whole body, decompressed.
    ///
    /// - Throws: `unsupportedMediaType`, `unsupportedEncoding`, `damagedEncoding`, `bodyTooLarge`.
    func body(of type: String = "application/json") async throws -> ByteBuffer {
        try requireMediaType([type])
        let encoding = try contentEncoding()
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.body {
            throw RequestFailure.bodyTooLarge(limit: limits.body)
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limits.body)
        } catch is NIOTooManyBytesError { throw RequestFailure.bodyTooLarge(limit: limits.body) }
        guard let encoding else { return buffer }
        return try Self.decompressed(buffer, encoding, limit: limits.body)
    }

    /// The members of a JSON body.
    func fields() async throws -> Fields { try Fields(await body()) }

    /// The media type without its parameters, in lower case.
    var mediaType: String? {
        request.headers[.contentType].flatMap { type in
            type.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
        }
    }

    func requireMediaType(_ types: [String]) throws(RequestFailure) {
        guard let mediaType, types.contains(mediaType) else {
            throw .unsupportedMediaType(found: mediaType, expected: types)
        }
    }

    /// `nil` for a body that is not compressed.
    func contentEncoding() throws(RequestFailure) -> Compression? {
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return nil
        case "gzip", "x-gzip": return .gzip
        case "zstd": return .zstd
        case let other?: throw .unsupportedEncoding(found: other)
        }
    }

    private static func decompressed(
        _ buffer: ByteBuffer, _ encoding: Compression, limit: Int
    ) throws -> ByteBuffer {
        let source = BufferStream(buffer)
        let stream: any ByteStream =
            encoding == .gzip ? GzipStream(source) : ZstdStream(source)
        var result = ByteBuffer()
        do {
            while true {
                let count = try result.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) {
                    try stream.read(into: $0)
                }
                if count == 0 { return result }
                if result.readableBytes > limit { throw RequestFailure.bodyTooLarge(limit: limit) }
            }
        } catch is ByteStreamError {
            throw RequestFailure.damagedEncoding(encoding: encoding.rawValue)
        }
    }
}

/// Bytes in memory as a stream.
private final class BufferStream: ByteStream {
    private var buffer: ByteBuffer
    let name = "body"
    private(set) var position = 0

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(target.count, buffer.readableBytes)
        buffer.readWithUnsafeReadableBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        position += count
        return count
    }
}
