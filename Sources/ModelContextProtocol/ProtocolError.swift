import JSON

/// An error of a request itself, as opposed to a failure of a tool: a code of JSON-RPC 2.0 or of
/// MCP, and a sentence.
package struct ProtocolError: Error, Equatable {
    package let code: Code
    package let message: String
    package let data: JSONValue?

    init(_ code: Code, _ message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// The codes that this server sends.
    package enum Code: Int, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case internalError = -32603
        case headerMismatch = -32020
        case unsupportedRevision = -32022
    }

    /// The object of an answer's member `error`.
    var json: JSONWriter {
        var line = JSONWriter()
        line.set("code", code.rawValue)
        line.set("message", message)
        if let data { line.set("data", data) }
        return line
    }

    static func unknownMethod(_ method: String) -> ProtocolError {
        ProtocolError(.methodNotFound, "there is no method '\(method)'")
    }

    static func unsupportedRevision(_ requested: String) -> ProtocolError {
        ProtocolError(
            .unsupportedRevision, "revision '\(requested)' of the protocol is not supported",
            data: [
                "requested": .string(requested),
                "supported": .array(Revision.names.map { .string($0) }),
            ])
    }
}
