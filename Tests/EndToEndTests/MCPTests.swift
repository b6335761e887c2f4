import Foundation
import TestSupport
import Testing

/// `vdb mcp` as an assistant runs it: a process with pipes.
@Suite(.serialized) struct MCPTests {
    private let vdb = Program()

    /// A running server.
    private final class Assistant {
        let process: Process
        private let input = Pipe.uninherited()
        private let output = Pipe.uninherited()
        private let errors: String
        private var pending: [UInt8] = []
        private var last = 0

        init(_ vdb: Program, _ options: String..., database: String = "corpus.vdb") throws {
            errors = vdb.path("errors-\(UUID().uuidString)")
            try Data().write(to: URL(fileURLWithPath: errors))
            process = try vdb.start(
                ["mcp", "--db", database] + options, input: input, output: output,
                errors: FileHandle(forWritingAtPath: errors))
        }

        deinit { if process.isRunning { process.terminate() } }

        func send(_ line: String) throws {
            try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
        }

        /// The next line of the output; nil at its end.
        func line() -> String? {
            while true {
                if let end = pending.firstIndex(of: 10) {
                    defer { pending.removeSubrange(...end) }
                    return String(decoding: pending[..<end], as: UTF8.self)
                }
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { return pending.isEmpty ? nil : "cut: \(pending)" }
                pending += data
            }
        }

        func object() -> [String: Any] { Program.object(line() ?? "") }

        /// Sends a request and waits for its answer.
        func request(_ method: String, _ parameters: String = "{}") throws -> [String: Any] {
            last += 1
            try send(
                #"{"jsonrpc":"2.0","id":\#(last),"method":"\#(method)","params":\#(parameters)}"#)
            let answer = object()
            #expect(answer.int("id") == last)
            return answer
        }

        func call(_ name: String, _ arguments: String) throws -> [String: Any] {
            let result = try request(
                "tools/call", #"{"name":"\#(name)","arguments":\#(arguments)}"#)
            return result["result"] as? [String: Any] ?? [:]
        }

        func content(_ name: String, _ arguments: String) throws -> [String: Any] {
            try call(name, arguments)["structuredContent"] as? [String: Any] ?? [:]
        }

        /// Closes the input and waits for the end.
        func end() throws -> (status: Int32, rest: [String], errors: String) {
            try input.fileHandleForWriting.close()
            var rest: [String] = []
            while let line = line() { rest.append(line) }
            process.waitUntilExit()
            let text = try String(contentsOfFile: errors, encoding: .utf8)
            return (process.terminationStatus, rest, text)
        }

        /// Closes the output, as a client that has crashed.
        func closeOutput() throws { try output.fileHandleForReading.close() }
    }

    private static let modern = """
        {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
        "io.modelcontextprotocol/clientCapabilities":{}}
        """

    @Test func bothErasInterleaved() throws {
        try vdb.ingestCorpus()
        let assistant = try Assistant(vdb)
        let discovered = try assistant.request("server/discover", Self.modern + "}")
        let result = discovered["result"] as? [String: Any] ?? [:]
        #expect(result.string("resultType") == "complete")
        #expect(result.string("instructions")?.contains("default (4 documents with") == true)
        let initialized = try assistant.request(
            "initialize", #"{"protocolVersion":"2025-06-18","capabilities":{}}"#)
        let agreed = initialized["result"] as? [String: Any] ?? [:]
        #expect(agreed.string("protocolVersion") == "2025-06-18")
        #expect(agreed.string("instructions") == result.string("instructions"))
        try assistant.send(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        let old = try assistant.request("tools/list")
        let new = try assistant.request("tools/list", Self.modern + "}")
        let names = { (answer: [String: Any]) -> [String] in
            (answer["result"] as? [String: Any] ?? [:]).list("tools").compactMap {
                $0.string("name")
            }
        }
        #expect(names(old) == ["search", "get", "add", "delete", "stats"])
        #expect(names(new) == names(old))
        // The same hits as on the command line.
        let query = try vdb.run("query", "bulges of the oceans", "--format", "json")
        let found = try assistant.content("search", #"{"query":"bulges of the oceans"}"#)
        #expect(found.hitIDs == query.object.hitIDs && found.hitIDs.first == "tides")
        let end = try assistant.end()
        #expect(end.status == 0 && end.rest.isEmpty && end.errors.isEmpty, "\(end)")
    }

    /// A model that cannot be loaded is a failure of the tools that need it, with a way out, not of
    /// the connection.
    @Test func theModelIsOpenedLater() throws {
        try vdb.ingestCorpus()
        try vdb.write("broken/config.json", "{}")
        let assistant = try Assistant(vdb, "--model", "broken")
        #expect(try assistant.request("initialize", #"{"protocolVersion":"x"}"#)["result"] != nil)
        let failed = try assistant.call("search", #"{"query":"tides"}"#)
        let text = failed.list("content").first?.string("text") ?? ""
        #expect(failed["isError"] as? Bool == true && text.contains("broken"), "\(text)")
        let words = try assistant.content("search", #"{"query":"oceans","mode":"lexical"}"#)
        #expect(words.hitIDs == ["tides"])
        #expect(try assistant.end().status == 0)
        try vdb.fails(66, "nowhere", "mcp", "--model", "nowhere")
    }

    @Test func filesThatAreNoDatabase() throws {
        try vdb.write("text", "this is not a database, as its first bytes show")
        try vdb.fails(65, "is not a vdb database", "mcp", "--db", "text")
        let assistant = try Assistant(vdb, database: "new.vdb")
        let failed = try assistant.call("stats", "{}")
        #expect(failed.list("content").first?.string("text")?.contains("new.vdb") == true)
        #expect(!FileManager.default.fileExists(atPath: vdb.path("new.vdb")))
        let added = try assistant.content("add", #"{"documents":[{"id":"a","text":"apples"}]}"#)
        #expect(added.int("inserted") == 1)
        #expect(try vdb.run("get", "a", "--db", "new.vdb").output.contains("apples"))
        let end = try assistant.end()
        #expect(
            end.errors == "vdb: new.vdb: there is no database here yet; the tool add creates one\n")
    }

    @Test func hostileLines() throws {
        try vdb.ingestCorpus()
        let assistant = try Assistant(vdb)
        try assistant.send("GET / HTTP/1.1")
        #expect((assistant.object()["error"] as? [String: Any])?.int("code") == -32700)
        try assistant.send("\"" + String(repeating: "x", count: 33 << 20) + "\"")
        let long = assistant.object()["error"] as? [String: Any] ?? [:]
        #expect(long.int("code") == -32600 && long.string("message")?.contains("33554432") == true)
        #expect(try assistant.request("ping")["result"] != nil)
        let end = try assistant.end()
        #expect(end.status == 0 && end.rest.isEmpty)
        #expect(end.errors.split(separator: "\n").count == 2)
    }

    /// What was asked before the end of the input is answered before the end of the program.
    @Test func theEndOfTheInput() throws {
        try vdb.ingestCorpus()
        let lines = (0..<20).map {
            #"{"jsonrpc":"2.0","id":\#($0),"method":"tools/call","params":{"name":"search","#
                + #""arguments":{"query":"gas \#($0)"}}}"#
        }
        let result = try vdb.run(["mcp"], input: lines.joined(separator: "\n"))
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(Set(result.objects.compactMap { $0.int("id") }) == Set(0..<20))
        #expect(result.objects.allSatisfy { $0["result"] != nil })
    }

    @Test func signalsAndCrashedClients() throws {
        try vdb.ingestCorpus()
        let stopped = try Assistant(vdb)
        _ = try stopped.request("ping")
        stopped.process.terminate()
        stopped.process.waitUntilExit()
        #expect(stopped.process.terminationStatus == 130)
        let lonely = try Assistant(vdb)
        _ = try lonely.request("ping")
        try lonely.closeOutput()
        try lonely.send(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        lonely.process.waitUntilExit()
        #expect(lonely.process.terminationReason == .exit)
    }

    /// Another process writes meanwhile: reading never fails, and what it has committed is found.
    @Test func besideAWriter() throws {
        try vdb.ingestCorpus()
        let assistant = try Assistant(vdb)
        let many = (0..<3000).map { #"{"_id":"many-\#($0)","text":"harvest number \#($0)"}"# }
        try vdb.write("many.jsonl", many.joined(separator: "\n"))
        let writer = try vdb.start(
            ["ingest", "many.jsonl", "--batch-size", "50", "--quiet"], input: FileHandle.nullDevice,
            output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
        var (calls, added) = (0, 0)
        while writer.isRunning || added < 3 {
            let found = try assistant.content("search", #"{"query":"bulges of the oceans","k":1}"#)
            #expect(found.hitIDs == ["tides"])
            let result = try assistant.call(
                "add", #"{"documents":[{"text":"written meanwhile \#(calls)"}]}"#)
            calls += 1
            if result["isError"] as? Bool == true {
                // On a busy machine the other writer may hold the lock for longer than one waits.
                let text = result.list("content").first?.string("text") ?? ""
                #expect(text.contains("is writing") && text.hasSuffix("try again in a few seconds"))
            } else {
                added += 1
            }
        }
        #expect(writer.terminationStatus == 0)
        let last = try assistant.content(
            "search", #"{"query":"harvest 2999","mode":"lexical","k":1}"#)
        #expect(last.hitIDs == ["many-2999"])
        let stats = try assistant.content("stats", "{}").list("collections")
        #expect(stats.first?.int("documents") == 3004 + added)
        #expect(try assistant.end().status == 0)
        #expect(try vdb.run("check").status == 0)
    }
}
