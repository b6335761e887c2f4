import Foundation
import TestSupport
import Testing

/// The Model Context Protocol over HTTP: statuses, headers, and what a key may do.
@Suite(.serialized) struct ServerAssistantTests {
    private let vdb = Program()

    private static func modern(_ method: String, _ parameters: String = "") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":{\#(parameters)"_meta":{"#
            + #""io.modelcontextprotocol/protocolVersion":"2026-07-28","#
            + #""io.modelcontextprotocol/clientCapabilities":{}}}}"#
    }

    private static func headers(_ method: String, name: String? = nil) -> [String: String] {
        var headers = ["MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method]
        headers["Mcp-Name"] = name
        return headers
    }

    private static func code(_ answer: RunningServer.Answer) -> Int? {
        (answer.object["error"] as? [String: Any])?.int("code")
    }

    @Test func stateless() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        func post(_ body: String, _ headers: [String: String]) async throws -> RunningServer.Answer
        {
            try await server.request("POST", "/mcp", body, headers: headers)
        }
        let list = try await post(Self.modern("tools/list"), Self.headers("tools/list"))
        let result = list.object["result"] as? [String: Any] ?? [:]
        #expect(list.status == 200 && result.list("tools").count == 5)
        #expect(result.string("resultType") == "complete")
        let call = Self.modern(
            "tools/call", #""name":"search","arguments":{"query":"bulges of the oceans"},"#)
        let named = try await post(call, Self.headers("tools/call", name: "search"))
        let found = (named.object["result"] as? [String: Any])?["structuredContent"]
        #expect((found as? [String: Any])?.hitIDs.first == "tides")
        let encoded = "=?base64?" + Data("search".utf8).base64EncodedString() + "?="
        #expect(try await post(call, Self.headers("tools/call", name: encoded)).status == 200)
        // What does not agree with the body.
        for headers in [
            [:], Self.headers("tools/list"), Self.headers("tools/call"),
            Self.headers("tools/call", name: "get"),
            Self.headers("tools/call", name: "search").merging(
                ["MCP-Protocol-Version": "2025-11-25"]) { $1 },
        ] {
            let answer = try await post(call, headers)
            #expect(answer.status == 400 && Self.code(answer) == -32020, "\(headers)")
        }
        let old = Self.modern("tools/list").replacing("2026-07-28", with: "2030-01-01")
        let unsupported = try await post(
            old,
            Self.headers("tools/list").merging(["MCP-Protocol-Version": "2030-01-01"]) { $1 })
        #expect(unsupported.status == 400 && Self.code(unsupported) == -32022)
        #expect(unsupported.text.contains(#""supported":["2026-07-28""#))
        let without = try await post(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, Self.headers("tools/list"))
        #expect(without.status == 400 && Self.code(without) == -32602)
        let unknown = try await post(Self.modern("nothing"), Self.headers("nothing"))
        #expect(unknown.status == 404 && Self.code(unknown) == -32601)
    }

    @Test func withHandshake() async throws {
        try vdb.ingestCorpus()
        let server = try RunningServer(vdb)
        func post(_ body: String) async throws -> RunningServer.Answer {
            try await server.request("POST", "/mcp", body)
        }
        let begun = try await post(
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1999-01-01"}}"#
        )
        let result = begun.object["result"] as? [String: Any] ?? [:]
        #expect(begun.status == 200 && result.string("protocolVersion") == "2025-11-25")
        #expect(begun.headers["mcp-session-id"] == nil)
        let told = try await post(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        #expect(told.status == 202 && told.text.isEmpty)
        let list = #"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#
        #expect(try await post(list).status == 200)
        let several = try await post(
            #"[\#(list),{"jsonrpc":"2.0","method":"notifications/initialized"},\#(list)]"#)
        let answers = try JSONSerialization.jsonObject(with: Data(several.text.utf8)) as? [Any]
        #expect(answers?.count == 2)
        #expect(try await post(#"[{"jsonrpc":"2.0","method":"a"}]"#).status == 202)
        let broken = try await post("{")
        #expect(broken.status == 400 && Self.code(broken) == -32700)
        for method in ["GET", "DELETE"] {
            #expect(try await server.request(method, "/mcp").status == 405)
        }
    }

    /// A key that reads neither sees nor reaches the tools that write, and no other collection.
    @Test func keys() async throws {
        try vdb.ingestCorpus()
        try vdb.run("ingest", "corpus.jsonl", "--collection", "other", "--quiet")
        let made = try vdb.run("key", "--role", "read", "--collection", "other")
        try vdb.write("keys", made.lines[1])
        let server = try RunningServer(vdb, "--api-keys", "keys")
        func result(_ method: String, _ parameters: String) async throws -> [String: Any] {
            let answer = try await server.request(
                "POST", "/mcp",
                #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#,
                headers: ["Authorization": "Bearer \(made.lines[0])"])
            return answer.object["result"] as? [String: Any] ?? [:]
        }
        let tools = try await result("tools/list", "{}").list("tools")
        #expect(tools.compactMap { $0.string("name") } == ["search", "get", "stats"])
        let added = try await result(
            "tools/call", #"{"name":"add","arguments":{"documents":[{"text":"a"}]}}"#)
        #expect(added["isError"] as? Bool == true)
        let foreign = try await result(
            "tools/call", #"{"name":"search","arguments":{"query":"a","collection":"default"}}"#)
        #expect(foreign["isError"] as? Bool == true)
        let own = try await result(
            "tools/call", #"{"name":"search","arguments":{"query":"bulges of the oceans"}}"#)
        #expect((own["structuredContent"] as? [String: Any])?.hitIDs.first == "tides")
        let unknown = try await server.request("POST", "/mcp", "{}")
        #expect(unknown.status == 401)
    }
}
