import FileFormat
import Foundation
import TestSupport
import Testing

struct ProgramStreamTests {
    private let folder = TemporaryFolder()

    private func stream(
        _ script: String, seconds: Int = 60, input: String = ""
    ) throws -> (ProgramStream, DescriptorStream) {
        let path = try folder.write("input", input)
        let file = try DescriptorStream(path: path)
        var bounds = BoundedProgram.Bounds(output: .max)
        bounds.seconds = seconds
        return (
            try ProgramStream(
                "/bin/sh", ["-c", script], input: file.descriptor, bounds: bounds, name: "x"), file
        )
    }

    private func readAll(_ stream: ProgramStream) throws -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1000)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try stream.read(into: $0) }
            if count == 0 { return result }
            result += chunk[..<count]
        }
    }

    @Test func theOutputComesAsItIsAndTheInputCanBeOpenedAgain() throws {
        let (lines, input) = try stream("seq 1 20000; cat /dev/stdin /dev/stdin", input: "ab")
        let expected = (1...20_000).map { "\($0)\n" }.joined() + "ab"
        let output = try String(decoding: readAll(lines), as: UTF8.self)
        #expect(output.hasPrefix(expected))
        #expect(lines.position == output.utf8.count)
        withExtendedLifetime(input) {}
    }

    @Test func aProgramThatFailsIsAnError() throws {
        let (failing, input) = try stream("echo some; echo 'it is broken' >&2; exit 3")
        #expect(throws: ByteStreamError.programFailed(name: "x", message: "it is broken\n")) {
            try readAll(failing)
        }
        // Ended by its bound on processor time.
        let (busy, other) = try stream("while :; do :; done", seconds: 1)
        #expect(throws: ByteStreamError.self) { try readAll(busy) }
        withExtendedLifetime((input, other)) {}
    }

    @Test func aProgramEndsWithItsStream() throws {
        let mark = folder.file("pid")
        do {
            let (endless, input) = try stream("echo $$ > \(mark); exec yes")
            var chunk = [UInt8](repeating: 0, count: 10)
            #expect(try chunk.withUnsafeMutableBytes { try endless.read(into: $0) } > 0)
            withExtendedLifetime(input) {}
        }
        let text = try String(contentsOfFile: mark, encoding: .utf8)
        let process = try #require(pid_t(text.trimmingCharacters(in: .newlines)))
        #expect(kill(process, 0) != 0 && errno == ESRCH)
    }
}
