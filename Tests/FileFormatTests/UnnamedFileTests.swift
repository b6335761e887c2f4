import FileFormat
import Foundation
import TestSupport
import Testing

struct UnnamedFileTests {
    @Test func bytesComeBackAndNoNameIsLeft() throws {
        var random = RandomSource.forTest()
        let bytes = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let file = try UnnamedFile(for: "x")
        try bytes.withUnsafeBytes { all in
            try file.write(UnsafeRawBufferPointer(rebasing: all[..<100_000]))
            try file.write(UnsafeRawBufferPointer(rebasing: all[100_000...]))
        }
        for _ in 0..<2 {
            file.rewind()
            var read = [UInt8](repeating: 0, count: bytes.count + 1)
            let stream = DescriptorStream(descriptor: file.descriptor, name: "x")
            var count = 0
            while true {
                let more = try read.withUnsafeMutableBytes {
                    try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
                }
                if more == 0 { break }
                count += more
            }
            #expect(Array(read[..<count]) == bytes)
        }
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0 && status.st_nlink == 0)
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func aFailedWriteIsAnError() throws {
        let file = try UnnamedFile(for: "x")
        let full = open("/dev/full", O_WRONLY)
        guard full >= 0 else { return }
        defer { close(full) }
        dup2(full, file.descriptor)
        #expect(
            throws: ByteStreamError.system(
                operation: "write a temporary file", name: "x", code: ENOSPC)
        ) { try Array("text".utf8).withUnsafeBytes(file.write) }
    }
}
