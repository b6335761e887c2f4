import FileFormat
import Foundation
import JSON
import ModelContext
import ModelContextProtocol
import Synchronization
import VectorDatabase

/// Lines from a client of `vdb mcp`. Each line that comes back is an answer; arguments reach the tools'
/// schemas, and there is no database behind them.
enum MessagesTarget {
    static func run(_ input: [UInt8]) async throws {
        let source = DatabaseSource(
            path: "/nowhere/fuzz.vdb", isReadOnly: true, options: DatabaseOptions())
        let server = Server(
            name: "fuzz", title: "Fuzz", version: "1",
            provider: DatabaseTools(source: source, servedCollections: nil) { "\($0)" })
        let output = Collected()
        let connection = LineConnection(
            server: server, maximumLineLength: 1 << 14,
            write: { bytes in output.lines.withLock { $0.append(bytes) } })
        await connection.run { Bytes(input) }
        let lines = output.lines.withLock { $0 }
        for line in lines { try check(line) }
        let count = input.split(separator: 10).count
        try FuzzFailure.require(
            lines.count <= count, "\(lines.count) answers to \(count) lines")
    }

    private static func check(_ line: [UInt8]) throws {
        guard line.last == 10, line.count(where: { $0 == 10 }) == 1,
            let value = try? JSONValue(parsing: line)
        else { throw FuzzFailure(description: "not a line: \(line.prefix(200))") }
        for answer in value.arrayValue ?? [value] {
            let isAnswer =
                answer["jsonrpc"] == "2.0" && answer["id"] != nil
                && (answer["result"] == nil) != (answer["error"] == nil)
            try FuzzFailure.require(isAnswer, "not an answer: \(answer)")
        }
    }

    private final class Collected: Sendable {
        let lines = Mutex<[[UInt8]]>([])
    }

    /// The input as a stream.
    private final class Bytes: ByteStream {
        let name = "the input"
        private(set) var position = 0
        private let bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let count = min(buffer.count, bytes.count - position)
            buffer.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
    }
}
