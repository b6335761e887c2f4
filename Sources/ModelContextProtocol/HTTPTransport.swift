import Foundation
import JSON
import TextBytes

/// Answers what an MCP client posts: the transport "Streamable HTTP" of all revisions, without streams and
/// without sessions.
///
/// - A request of 2026-07-28 repeats its revision, method and tool in headers, so that proxies need not
///   read the body. They must agree with it.
/// - Earlier revisions have no such headers. Arrays of messages, of 2025-03-26, are taken.
/// - An answer's status follows from its error in 2026-07-28; before that it is 200.
package struct HTTPTransport: Sendable {
    /// The headers of MCP; `nil` for one that is not there.
    package struct Headers: Sendable {
        /// `MCP-Protocol-Version`
        package var revision: String?
        /// `Mcp-Method`
        package var method: String?
        /// `Mcp-Name`, which may be `=?base64?…?=`
        package var name: String?

        package init(revision: String?, method: String?, name: String?) {
            self.revision = revision
            self.method = method
            self.name = name
        }
    }

    /// An answer of HTTP.
    package struct Answer: Sendable {
        package let status: Int
        /// JSON; `nil` if there is nothing to say.
        package let body: [UInt8]?

        fileprivate static let accepted = Answer(status: 202, body: nil)
    }

    private let server: Server
    /// The most messages in an array.
    private static let maximumBatch = 100

    package init(server: Server) { self.server = server }

    /// Answers a body. If the task is canceled, nobody waits for the answer.
    package func answer(_ body: some Collection<UInt8>, headers: Headers) async -> Answer {
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch {
            return Self.refusal(nil, ProtocolError(.parseError, "not JSON: \(error)"))
        }
        guard let values = value.arrayValue else { return await answer(value, headers) }
        guard (1...Self.maximumBatch).contains(values.count) else {
            return Self.refusal(
                nil,
                ProtocolError(
                    .invalidRequest, "an array must have 1 to \(Self.maximumBatch) messages"))
        }
        var replies: [[UInt8]] = []
        for value in values {
            if let reply = await answer(value, headers).body { replies.append(reply) }
        }
        if replies.isEmpty { return .accepted }
        return Answer(
            status: 200,
            body: [UInt8(ascii: "[")] + Array(replies.joined(separator: [UInt8(ascii: ",")]))
                + [UInt8(ascii: "]")])
    }

    private func answer(_ value: JSONValue, _ headers: Headers) async -> Answer {
        let request: Request
        do throws(Message.Invalid) {
            guard case .request(let found) = try Message(value) else { return .accepted }
            request = found
        } catch { return Self.refusal(error.id, error.error) }
        do throws(ProtocolError) {
            guard try isStateless(request, headers) else {
                return Answer(status: 200, body: await server.answer(request).bytes)
            }
        } catch { return Self.refusal(request.id, error) }
        let reply = await server.answer(request)
        return Answer(status: Self.status(of: reply.error), body: reply.bytes)
    }

    /// Whether a request is of the stateless era, and its headers agree with it.
    private func isStateless(
        _ request: Request, _ headers: Headers
    ) throws(ProtocolError) -> Bool {
        let given = headers.revision.flatMap { Revision(rawValue: $0) }
        do throws(ProtocolError) {
            if try RequestMetadata.isStateless(request) {
                try check(request, headers)
                return true
            }
        } catch {
            // A client that disagrees with itself is told so first.
            if error.code == .unsupportedRevision { try check(request, headers) }
            throw error
        }
        // `initialize` says in its body what it supports.
        if request.method == "initialize" { return false }
        if let given, !given.usesHandshake {
            throw ProtocolError(
                .invalidParameters,
                "params._meta lacks \(RequestMetadata.revisionKey) and "
                    + RequestMetadata.capabilitiesKey)
        }
        if let revision = headers.revision, given == nil {
            throw .unsupportedRevision(revision)
        }
        return false
    }

    private func check(_ request: Request, _ headers: Headers) throws(ProtocolError) {
        func compare(
            _ header: String, _ value: String?, _ expected: String?
        ) throws(ProtocolError) {
            guard let value, let expected, value.hasSameBytes(as: expected) else {
                throw ProtocolError(
                    .headerMismatch, "the header \(header) must be what the body says")
            }
        }
        let metadata = request.parameters["_meta"]?.objectValue
        try compare(
            "MCP-Protocol-Version", headers.revision,
            metadata?[RequestMetadata.revisionKey]?.stringValue)
        try compare("Mcp-Method", headers.method, request.method)
        if request.method == "tools/call", let name = request.parameters["name"]?.stringValue {
            try compare("Mcp-Name", headers.name.flatMap(Self.decoded), name)
        }
    }

    /// The value of a header, which is `=?base64?…?=` if it has other characters than ASCII's.
    private static func decoded(_ value: String) -> String? {
        guard value.hasPrefix("=?base64?"), value.hasSuffix("?=") else { return value }
        return Data(base64Encoded: String(value.dropFirst(9).dropLast(2))).flatMap {
            String(validating: $0, as: UTF8.self)
        }
    }

    private static func refusal(_ id: RequestIdentifier?, _ error: ProtocolError) -> Answer {
        Answer(status: status(of: error), body: Reply(id, error: error).bytes)
    }

    private static func status(of error: ProtocolError?) -> Int {
        switch error?.code {
        case nil, .internalError: 200
        case .methodNotFound: 404
        case .parseError, .invalidRequest, .invalidParameters, .unsupportedRevision,
            .headerMismatch:
            400
        }
    }
}
