import JSON
import ModelContextProtocol
import Testing

/// What HTTP adds: arrays, statuses and headers. The server's own answers are tested elsewhere.
@Suite struct HTTPTransportTests {
    private struct NoTools: ToolProvider {
        let tools: [Tool] = []
        func instructions() async -> String { "none" }
        func call(_ name: String, arguments: JSONObject) async throws -> ToolResult? { nil }
    }

    private let transport = HTTPTransport(
        server: Server(name: "a", title: "A", version: "1", provider: NoTools()))

    private func answer(
        _ body: String,
        _ headers: HTTPTransport.Headers = .init(
            revision: nil, method: nil, name: nil)
    ) async -> (status: Int, text: String) {
        let answer = await transport.answer(Array(body.utf8), headers: headers)
        return (answer.status, String(decoding: answer.body ?? [], as: UTF8.self))
    }

    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
    private static let told = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#

    @Test func messagesAndArrays() async {
        #expect(await answer(Self.ping) == (200, #"{"jsonrpc":"2.0","id":1,"result":{}}"#))
        #expect(await answer(Self.told) == (202, ""))
        #expect(await answer("[\(Self.told),\(Self.told)]") == (202, ""))
        let one = #"{"jsonrpc":"2.0","id":1,"result":{}}"#
        #expect(
            await answer("[\(Self.ping),\(Self.told),\(Self.ping)]") == (200, "[\(one),\(one)]"))
        for wrong in ["", "{", "[]", "1", "{}", #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#] {
            #expect(await answer(wrong).status == 400, "\(wrong)")
        }
        let many = [String](repeating: Self.ping, count: 101).joined(separator: ",")
        #expect(await answer("[\(many)]").status == 400)
    }

    /// Before 2026-07-28 an error is an answer like any other.
    @Test func statusesOfBothEras() async {
        let unknown = #"{"jsonrpc":"2.0","id":1,"method":"none"}"#
        #expect(await answer(unknown).status == 200)
        let metadata =
            #""params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
            + #""io.modelcontextprotocol/clientCapabilities":{}}}}"#
        let headers = HTTPTransport.Headers(revision: "2026-07-28", method: "none", name: nil)
        #expect(
            await answer(#"{"jsonrpc":"2.0","id":1,"method":"none","# + metadata, headers).status
                == 404)
        let mismatch = HTTPTransport.Headers(revision: "2026-07-28", method: "ping", name: nil)
        let refused = await answer(
            #"{"jsonrpc":"2.0","id":1,"method":"none","# + metadata, mismatch)
        #expect(refused.status == 400 && refused.text.contains("-32020"))
        // A revision that is not known, of a request that names none itself.
        let future = HTTPTransport.Headers(revision: "2031-01-01", method: nil, name: nil)
        let unsupported = await answer(Self.ping, future)
        #expect(unsupported.status == 400 && unsupported.text.contains("-32022"))
        for revision in ["2025-11-25", "2025-06-18", "2025-03-26"] {
            let headers = HTTPTransport.Headers(revision: revision, method: nil, name: nil)
            #expect(await answer(Self.ping, headers).status == 200, "\(revision)")
        }
    }
}
