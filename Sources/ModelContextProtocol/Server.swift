import JSON

/// Answers the requests of an MCP client, of both eras, whatever the transport.
///
///     request ──> initialize | server/discover | tools/list | tools/call | ping ──> reply
///
/// One dispatcher serves all revisions: `resultType`, `_meta` and the cache hints of 2026-07-28 are
/// added to the same results on the way out. Nothing is remembered between requests, so requests of
/// both eras may alternate.
package struct Server: Sendable {
    package let name: String
    package let title: String
    package let version: String
    let provider: any ToolProvider

    /// How long a client may keep the list of tools, which never changes while the process runs, and
    /// the instructions, which count documents.
    private static let listLifetime = 3_600_000
    private static let discoveryLifetime = 60_000

    package init(name: String, title: String, version: String, provider: any ToolProvider) {
        self.name = name
        self.title = title
        self.version = version
        self.provider = provider
    }

    /// The answer to a request. If the task was cancelled, nobody waits for it.
    package func answer(_ request: Request) async -> Reply {
        do throws(ProtocolError) {
            let isStateless = try RequestMetadata.isStateless(request)
            var result = try await result(of: request, isStateless: isStateless)
            if isStateless {
                var metadata = JSONWriter()
                metadata.set(RequestMetadata.serverKey, implementation)
                result.set("resultType", "complete")
                result.set("_meta", metadata)
            }
            return Reply(request.id, result: result)
        } catch { return Reply(request.id, error: error) }
    }

    private func result(
        of request: Request, isStateless: Bool
    ) async throws(ProtocolError) -> JSONWriter {
        switch (request.method, isStateless) {
        case ("initialize", _): return try await initialize(request.parameters)
        case ("server/discover", true): return await discover()
        case ("tools/list", _): return try list(request.parameters, isStateless: isStateless)
        case ("tools/call", _): return try await call(request.parameters)
        case ("ping", false): return JSONWriter()
        default: throw .unknownMethod(request.method)
        }
    }

    private var implementation: JSONWriter {
        var line = JSONWriter()
        line.set("name", name)
        line.set("title", title)
        line.set("version", version)
        return line
    }

    private var capabilities: JSONWriter {
        var line = JSONWriter()
        line.set("tools", JSONWriter())
        return line
    }

    private func initialize(_ parameters: JSONObject) async throws(ProtocolError) -> JSONWriter {
        guard let requested = parameters["protocolVersion"]?.stringValue else {
            throw ProtocolError(.invalidParameters, "initialize needs a 'protocolVersion'")
        }
        var line = JSONWriter()
        line.set("protocolVersion", Revision.negotiated(requested: requested).rawValue)
        line.set("capabilities", capabilities)
        line.set("serverInfo", implementation)
        line.set("instructions", await provider.instructions())
        return line
    }

    private func discover() async -> JSONWriter {
        var line = JSONWriter()
        line.set("supportedVersions", .array(Revision.names.map { .string($0) }))
        line.set("capabilities", capabilities)
        line.set("instructions", await provider.instructions())
        line.set("ttlMs", Self.discoveryLifetime)
        line.set("cacheScope", "private")
        return line
    }

    private func list(
        _ parameters: JSONObject, isStateless: Bool
    ) throws(ProtocolError) -> JSONWriter {
        if let cursor = parameters["cursor"], cursor != .null {
            throw ProtocolError(.invalidParameters, "there is one page of tools, without a cursor")
        }
        var line = JSONWriter()
        line.set("tools", provider.tools.map(\.json))
        if isStateless {
            line.set("ttlMs", Self.listLifetime)
            line.set("cacheScope", "private")
        }
        return line
    }

    private func call(_ parameters: JSONObject) async throws(ProtocolError) -> JSONWriter {
        guard let name = parameters["name"]?.stringValue else {
            throw ProtocolError(.invalidParameters, "tools/call needs the 'name' of a tool")
        }
        let arguments: JSONObject
        switch parameters["arguments"] {
        case nil, .null?: arguments = [:]
        case .object(let members)?: arguments = members
        case .some: throw ProtocolError(.invalidParameters, "'arguments' must be an object")
        }
        let result: ToolResult?
        do { result = try await provider.call(name, arguments: arguments) } catch {
            throw ProtocolError(.internalError, "\(error)")
        }
        guard let result else {
            let names = provider.tools.map(\.name).joined(separator: ", ")
            throw ProtocolError(
                .invalidParameters, "there is no tool '\(name)'; the tools are \(names)")
        }
        return result.json
    }
}
