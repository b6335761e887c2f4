import JSON
import ModelContextProtocol
import Testing

/// The answers to single requests of both eras.
struct ServerTests {
    private let server = Server(
        name: "test", title: "Test", version: "1.2", provider: StandInTools())

    static let metadata: JSONValue = [
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": [:],
    ]

    private func answer(
        _ method: String, _ parameters: JSONObject = [:], id: JSONValue = 1
    ) async throws -> JSONValue {
        let value: JSONValue = [
            "jsonrpc": "2.0", "id": id, "method": .string(method), "params": .object(parameters),
        ]
        guard case .request(let request) = try Message(value) else {
            Issue.record("not a request: \(value)")
            return .null
        }
        let reply = await server.answer(request)
        let answer = try JSONValue(parsing: reply.bytes)
        #expect(answer["jsonrpc"] == "2.0" && answer["id"] == id)
        #expect((answer["error"] != nil) == (reply.error != nil))
        #expect((answer["result"] != nil) == (reply.error == nil))
        return answer
    }

    private func code(_ answer: JSONValue) -> Int? {
        answer["error"]?["code"]?.integerValue
    }

    @Test(arguments: [
        ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("later", "2025-11-25"),
    ])
    func handshake(requested: String, agreed: String) async throws {
        let answer = try await answer("initialize", ["protocolVersion": .string(requested)])
        #expect(
            answer["result"] == [
                "protocolVersion": .string(agreed), "capabilities": ["tools": [:]],
                "serverInfo": ["name": "test", "title": "Test", "version": "1.2"],
                "instructions": "how to",
            ])
    }

    @Test func handshakeWithoutARevision() async throws {
        #expect(code(try await answer("initialize")) == -32602)
        #expect(code(try await answer("initialize", ["protocolVersion": 3])) == -32602)
        // There is no such method in the stateless era; a client that sends it means the other one.
        let both = try await answer(
            "initialize", ["protocolVersion": "2025-06-18", "_meta": Self.metadata])
        #expect(both["result"]?["protocolVersion"] == "2025-06-18")
        #expect(both["result"]?["resultType"] == nil)
    }

    @Test func discovery() async throws {
        let result = try await answer("server/discover", ["_meta": Self.metadata])["result"]
        #expect(
            result == [
                "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
                "capabilities": ["tools": [:]], "instructions": "how to", "ttlMs": 60000,
                "cacheScope": "private", "resultType": "complete",
                "_meta": [
                    "io.modelcontextprotocol/serverInfo": [
                        "name": "test", "title": "Test", "version": "1.2",
                    ]
                ],
            ])
    }

    /// What the envelope of the stateless era may lack or have wrong, and the code that says so.
    @Test(
        arguments: [
            ([:], -32602), (["io.modelcontextprotocol/protocolVersion": "2026-07-28"], -32602),
            (["io.modelcontextprotocol/clientCapabilities": [:]], -32602),
            (["io.modelcontextprotocol/clientInfo": ["name": "x", "version": "1"]], -32602),
            (
                [
                    "io.modelcontextprotocol/protocolVersion": 20_260_728,
                    "io.modelcontextprotocol/clientCapabilities": [:],
                ], -32602
            ),
            (
                [
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": "all",
                ], -32602
            ),
            (
                [
                    "io.modelcontextprotocol/protocolVersion": "2027-01-01",
                    "io.modelcontextprotocol/clientCapabilities": [:],
                ], -32022
            ),
            (
                [
                    "io.modelcontextprotocol/protocolVersion": "2025-11-25",
                    "io.modelcontextprotocol/clientCapabilities": [:],
                ], -32022
            ),
        ] as [(JSONValue, Int)])
    func envelope(metadata: JSONValue, expected: Int) async throws {
        let answer = try await answer("server/discover", ["_meta": metadata])
        #expect(code(answer) == expected)
        if expected == -32022 {
            #expect(
                answer["error"]?["data"] == [
                    "requested": metadata["io.modelcontextprotocol/protocolVersion"] ?? .null,
                    "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
                ])
        }
        // Another method with such an envelope is refused alike, unless there is no trace of one.
        let list = code(try await self.answer("tools/list", ["_meta": metadata]))
        #expect(list == (metadata == [:] ? nil : expected))
    }

    @Test func tools() async throws {
        let old = try await answer("tools/list", ["_meta": ["progressToken": 7]])
        let new = try await answer("tools/list", ["_meta": Self.metadata])
        let tools = try #require(old["result"]?["tools"]?.arrayValue)
        #expect(old["result"]?.objectValue?.keys == ["tools"])
        #expect(new["result"]?["tools"] == .array(tools))
        #expect(new["result"]?["ttlMs"] == 3_600_000)
        #expect(new["result"]?["cacheScope"] == "private")
        #expect(new["result"]?["resultType"] == "complete")
        let schema: JSONValue = [
            "type": "object", "properties": ["text": ["type": "string"]], "required": ["text"],
            "additionalProperties": false,
        ]
        #expect(
            tools.first == [
                "name": "echo", "title": "echo", "description": "A tool.", "inputSchema": schema,
                "outputSchema": schema,
                "annotations": ["title": "echo", "readOnlyHint": true, "openWorldHint": false],
            ])
        #expect(
            tools.last?["annotations"] == [
                "title": "fail", "readOnlyHint": false, "destructiveHint": true,
                "idempotentHint": true, "openWorldHint": false,
            ])
        #expect(code(try await answer("tools/list", ["cursor": "x"])) == -32602)
        #expect(code(try await answer("tools/list", ["cursor": .null])) == nil)
    }

    @Test func calls() async throws {
        let parameters: JSONObject = ["name": "echo", "arguments": ["text": "é\n\"\u{1F642}"]]
        let old = try await answer("tools/call", parameters, id: "a")
        let expected: JSONValue = ["text": "é\n\"\u{1F642}"]
        #expect(
            old["result"] == [
                "content": [["type": "text", "text": .string(expected.jsonText)]],
                "structuredContent": expected, "isError": false,
            ])
        var modern = parameters
        modern["_meta"] = Self.metadata
        let new = try await answer("tools/call", modern, id: 2.5)
        #expect(new["result"]?["structuredContent"] == expected)
        #expect(new["result"]?["resultType"] == "complete")
        #expect(new["result"]?["ttlMs"] == nil)
        let failed = try await answer(
            "tools/call", ["name": "fail", "arguments": ["text": "Why."]])
        #expect(
            failed["result"] == [
                "content": [["type": "text", "text": "Why."]], "isError": true,
            ])
        #expect(code(try await answer("tools/call", ["name": "fail"])) == -32603)
    }

    @Test func wrongCalls() async throws {
        let unknown = try await answer("tools/call", ["name": "ech"])
        #expect(code(unknown) == -32602)
        #expect(
            unknown["error"]?["message"]
                == "there is no tool 'ech'; the tools are echo, wait, fail")
        #expect(code(try await answer("tools/call")) == -32602)
        #expect(code(try await answer("tools/call", ["name": 3])) == -32602)
        #expect(
            code(try await answer("tools/call", ["name": "echo", "arguments": ["text"]])) == -32602)
        #expect(
            code(try await answer("tools/call", ["name": "echo", "arguments": .null])) == nil)
    }

    @Test func otherMethods() async throws {
        #expect(try await answer("ping")["result"] == [:])
        // The stateless era has no ping, and neither era's clients were told of logging.
        #expect(code(try await answer("ping", ["_meta": Self.metadata])) == -32601)
        for method in ["logging/setLevel", "resources/list", "prompts/list", "", "Tools/List"] {
            #expect(code(try await answer(method)) == -32601)
            #expect(code(try await answer(method, ["_meta": Self.metadata])) == -32601)
        }
    }
}
