import HTTPTypes
import Hummingbird
import ModelContextProtocol

/// The Model Context Protocol, for assistants.
struct AssistantEndpoints {
    let services: Services

    var routes: [Route] { [Route(.post, "/mcp", .read, answer)] }

    private func answer(_ call: Call) async throws -> Response {
        _ = try call.parameters()
        let body = try await call.body()
        // Which tools change something is checked when one is called.
        let access = ToolAccess(
            isReadOnly: services.isReadOnly || call.caller.role == .read,
            collections: call.caller.collections)
        let transport = HTTPTransport(
            server: Server(
                name: "vdb", title: "vdb", version: services.version,
                provider: services.tools(access)))
        let headers = call.request.headers
        let answer = await transport.answer(
            body.readableBytesView,
            headers: .init(
                revision: headers[.mcpProtocolVersion], method: headers[.mcpMethod],
                name: headers[.mcpName]))
        guard let body = answer.body else { return Response(status: .init(code: answer.status)) }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    fileprivate static let mcpProtocolVersion = Self("MCP-Protocol-Version")!
    fileprivate static let mcpMethod = Self("Mcp-Method")!
    fileprivate static let mcpName = Self("Mcp-Name")!
}
