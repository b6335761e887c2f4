import FileFormat
import Foundation
import Testing

private final class MemoryStream: ByteStream {
    let name = "memory"
    private(set) var position = 0
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(7, buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

private func readAll(_ bytes: [UInt8]) throws -> String {
    let stream = try decompressing(MemoryStream(bytes)).stream
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 11)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
        if count == 0 { return String(decoding: result, as: UTF8.self) }
        result += buffer[..<count]
    }
}

private func bytes(_ base64: String) -> [UInt8] { Array(Data(base64Encoded: base64)!) }

@Suite struct DecompressionTests {
    // printf 'hello hello\n' | gzip -n, and printf 'world\n' | gzip -n; the same with zstd.
    static let gzipHello = bytes("H4sIAAAAAAAAA8tIzcnJV8gAkVwApWoKRAwAAAA=")
    static let gzipWorld = bytes("H4sIAAAAAAAAAyvPL8pJ4QIAqGE43QYAAAA=")
    static let zstdHello = bytes("KLUv/QRYYQAAaGVsbG8gaGVsbG8K/3rVGg==")
    static let zstdWorld = bytes("KLUv/QRYMQAAd29ybGQKqm5Wnw==")

    @Test func plainBytesPassThrough() throws {
        #expect(try readAll(Array("as it is\n".utf8)) == "as it is\n")
        #expect(try readAll([]) == "")
        #expect(try readAll([0x1F]) == "\u{1F}")
    }

    @Test func oneMemberOrMany() throws {
        #expect(try readAll(Self.gzipHello) == "hello hello\n")
        #expect(try readAll(Self.gzipHello + Self.gzipWorld) == "hello hello\nworld\n")
        #expect(try readAll(Self.gzipHello + [0, 0, 0, 0]) == "hello hello\n")
        #expect(try readAll(Self.zstdHello) == "hello hello\n")
        #expect(try readAll(Self.zstdHello + Self.zstdWorld) == "hello hello\nworld\n")
        // A skippable frame of three bytes.
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
        #expect(try readAll(skippable + Self.zstdWorld) == "world\n")
    }

    @Test(arguments: [DecompressionTests.gzipHello, DecompressionTests.zstdHello])
    func everyCutIsNoticed(whole: [UInt8]) throws {
        let format = try #require(Compression.detect(whole))
        for count in 4..<whole.count {
            #expect(throws: ByteStreamError.cutShort(name: "memory", format: format)) {
                try readAll(Array(whole[..<count]))
            }
        }
    }

    @Test(arguments: [DecompressionTests.gzipHello, DecompressionTests.zstdHello])
    func damageIsNoticed(whole: [UInt8]) throws {
        var damaged = whole
        damaged[whole.count - 9] ^= 0x5A
        #expect(throws: ByteStreamError.self) { try readAll(damaged) }
        // Bytes after the end that begin nothing.
        #expect(throws: ByteStreamError.self) { try readAll(whole + Array("garbage".utf8)) }
    }

    @Test func aMissingFileAndAFolderAreToldApart() {
        #expect(throws: ByteStreamError.missing(name: "/nowhere/at/all")) {
            try DescriptorStream(path: "/nowhere/at/all")
        }
        #expect(throws: ByteStreamError.isFolder(name: "/tmp")) {
            try DescriptorStream(path: "/tmp")
        }
    }
}
