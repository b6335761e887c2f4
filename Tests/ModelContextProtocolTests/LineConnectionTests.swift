import Dispatch
import FileFormat
import Foundation
import JSON
import ModelContextProtocol
import Synchronization
import TestSupport
import Testing

/// The transport over lines: order, cancellation, hostile lines, ends.
struct LineConnectionTests {
    private final class Received: Sendable {
        let answers = Mutex<[JSONValue]>([])
    }

    /// A connection with a pipe for its input. Its answers are collected.
    private final class Client: Sendable {
        let tools = StandInTools()
        private let pipe = Pipe.uninherited()
        /// Writes wait while the pipe is full, and then must not hold one of the few threads that the
        /// requests run on.
        private let writer = DispatchQueue(label: "vdb.tests.client")
        private let received = Received()
        private let connection: LineConnection
        private let served: Task<Void, Never>

        init(
            maximumLineLength: Int = 1000, maximumRunning: Int = 32, writesBeforeFailure: Int = .max
        ) {
            struct Gone: Error {}
            let received = received
            connection = LineConnection(
                server: Server(name: "test", title: "Test", version: "1", provider: tools),
                maximumLineLength: maximumLineLength, maximumRunning: maximumRunning
            ) { bytes in
                try received.answers.withLock { received in
                    if received.count >= writesBeforeFailure { throw Gone() }
                    // A line is one message and ends in the only line feed.
                    #expect(bytes.last == 10 && bytes.count { $0 == 10 } == 1)
                    received.append(try JSONValue(parsing: bytes))
                }
            }
            let descriptor = pipe.fileHandleForReading.fileDescriptor
            let connection = connection
            served = Task {
                await connection.run { DescriptorStream(descriptor: descriptor, name: "a pipe") }
            }
        }

        func send(_ text: String) { send(Array(text.utf8)) }

        func send(_ bytes: [UInt8]) {
            writer.async { [pipe] in
                do { try pipe.fileHandleForWriting.write(contentsOf: Data(bytes + [10])) } catch {
                    Issue.record(error)
                }
            }
        }

        func call(_ id: JSONValue, _ tool: String, _ text: String) {
            send(
                JSONValue.object([
                    "jsonrpc": "2.0", "id": id, "method": "tools/call",
                    "params": ["name": .string(tool), "arguments": ["text": .string(text)]],
                ]).jsonText)
        }

        func cancel(_ id: JSONValue) {
            send(
                JSONValue.object([
                    "jsonrpc": "2.0", "method": "notifications/cancelled",
                    "params": ["requestId": id],
                ]).jsonText)
        }

        var answers: [JSONValue] { received.answers.withLock { $0 } }
        var ids: [JSONValue] { answers.compactMap { $0["id"] } }
        var codes: [Int?] { answers.map { $0["error"]?["code"]?.integerValue } }

        func wait(for count: Int) async throws {
            for _ in 0..<20_000 where answers.count < count {
                try await Task.sleep(for: .milliseconds(1))
            }
            try #require(answers.count >= count)
        }

        /// Closes the input and waits until the connection has ended.
        func end() async throws {
            try await withCheckedThrowingContinuation { continuation in
                writer.async { [pipe] in
                    continuation.resume(with: Result { try pipe.fileHandleForWriting.close() })
                }
            }
            await served.value
        }

        /// Waits until the connection has ended by itself.
        func hasEnded() async { await served.value }

        func stop() async {
            served.cancel()
            await served.value
        }
    }

    @Test func twoRequestsAtOnceAreAnsweredAsTheyFinish() async throws {
        let client = Client()
        client.call(1, "wait", "later")
        client.call("two", "echo", "now")
        try await client.wait(for: 1)
        #expect(client.ids == ["two"])
        client.tools.open("later")
        try await client.end()
        #expect(client.ids == ["two", 1])
    }

    @Test func aCancelledRequestHasNoAnswer() async throws {
        let client = Client()
        client.call(1, "wait", "for ever")
        client.call(2, "echo", "x")
        try await client.wait(for: 1)
        client.cancel(1)
        // Unknown, answered and malformed ones are ignored.
        client.cancel(2)
        client.cancel("1")
        client.cancel(.null)
        client.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#)
        client.call(3, "echo", "y")
        try await client.end()
        #expect(client.ids == [2, 3])
        #expect(client.tools.cancelled == 1)
        // The id may be used again.
        let other = Client()
        other.call(1, "wait", "for ever")
        other.cancel(1)
        for _ in 0..<20_000 where other.tools.cancelled == 0 {
            try await Task.sleep(for: .milliseconds(1))
        }
        other.call(1, "echo", "again")
        try await other.end()
        #expect(other.answers.count == 1)
    }

    @Test func anIdTwiceAtOnceIsRefused() async throws {
        let client = Client()
        client.call(1, "wait", "a")
        client.call(1, "echo", "b")
        try await client.wait(for: 1)
        #expect(client.codes == [-32600])
        client.tools.open("a")
        try await client.end()
        #expect(client.ids == [1, 1] && client.codes == [-32600, nil])
    }

    @Test func linesThatAreNotMessages() async throws {
        let client = Client(maximumLineLength: 1000)
        let lines: [(bytes: [UInt8], code: Int?)] = [
            (Array("nonsense".utf8), -32700), ([0xFF, 0xFE, 0], -32700),
            (Array(#"{"jsonrpc":"2.0","id":1,"method":"ping""#.utf8), -32700),
            (Array(#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#.utf8), -32700),
            (Array("{}".utf8), -32600), (Array("[]".utf8), -32600),
            (Array("[\(String(repeating: "1,", count: 100))1]".utf8), -32600),
            (Array(String(repeating: "[", count: 999).utf8), -32700),
            ([UInt8](repeating: 0x20, count: 1003), -32600),
            (Array(("\"" + String(repeating: "x", count: 5000) + "\"").utf8), -32600),
        ]
        for (index, line) in lines.enumerated() {
            client.send(line.bytes)
            try await client.wait(for: 2 * index + 1)
            #expect(client.codes.last == line.code, "line \(index)")
            #expect(client.ids.last == .null)
            // The next line is served as ever, also if it ends in CR LF.
            client.send(#"{"jsonrpc":"2.0","id":7,"method":"ping"}"# + "\r")
            try await client.wait(for: 2 * index + 2)
            #expect(client.ids.last == 7)
        }
        // Empty lines, notifications and answers have no answer.
        for line in [
            "", "  \t", #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            #"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"fail"}}"#,
            #"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        ] { client.send(line) }
        try await client.end()
        #expect(client.answers.count == 2 * lines.count)
    }

    @Test func arrays() async throws {
        let client = Client()
        let ping = #"{"jsonrpc":"2.0","id":"p","method":"ping"}"#
        let note = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        client.send("[\(ping),3,\(note),{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}]")
        client.send("[\(note)]")
        try await client.end()
        let answers = try #require(client.answers.first?.arrayValue)
        #expect(client.answers.count == 1)
        #expect(Set(answers.map { $0["id"] }) == ["p", .null, 1])
        #expect(Set(answers.map { $0["error"]?["code"] }) == [nil, -32600, -32601])
    }

    @Test func noMoreThanAllowedRunAtOnce() async throws {
        let client = Client(maximumRunning: 3)
        for number in 0..<20 { client.call(.integer(Int64(number)), "wait", "go") }
        for _ in 0..<20_000 where client.tools.running < 3 {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(client.answers.isEmpty)
        client.tools.open("go")
        try await client.end()
        #expect(Set(client.ids).count == 20)
        #expect(client.tools.mostRunning == 3)
    }

    @Test func aClientThatHasGoneEndsIt() async throws {
        let client = Client(writesBeforeFailure: 1)
        client.call(1, "wait", "for ever")
        client.call(2, "echo", "x")
        client.call(3, "echo", "y")
        await client.hasEnded()
        #expect(client.ids.count == 1)
    }

    @Test func stopping() async throws {
        let client = Client()
        client.call(1, "wait", "for ever")
        client.call(2, "echo", "x")
        try await client.wait(for: 1)
        await client.stop()
        #expect(client.ids == [2])
    }

    /// Requests with bytes changed at random: each line has one answer or is no request, and whole
    /// requests among them are always answered.
    @Test func mutatedLines() async throws {
        var random = RandomSource.forTest()
        let client = Client(maximumLineLength: 400)
        let seeds = [
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"}}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#,
            #"{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            #"[{"jsonrpc":"2.0","id":4,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}]"#,
        ].map { Array($0.utf8) }
        for number in 0..<300 {
            var line = random.pick(seeds)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<line.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: line[place] = UInt8.random(in: 0...255, using: &random)
                case 1: line.remove(at: place)
                case 2: line.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default:
                    let from = Int.random(in: 0..<line.count, using: &random)
                    line += line[min(from, place)...max(from, place)]
                }
                if line.isEmpty { line = [0x20] }
            }
            client.send(line)
            client.call(.string("whole \(number)"), "echo", "b")
        }
        try await client.end()
        let whole = client.ids.filter { $0.stringValue?.hasPrefix("whole ") == true }
        #expect(Set(whole).count == 300)
    }
}
