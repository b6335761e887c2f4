import JSON

/// A message of JSON-RPC 2.0 that a client sent.
package enum Message: Sendable {
    case request(Request)
    /// Expects no answer, not even if it is wrong.
    case notification(method: String, parameters: JSONObject)
    /// The answer to a request. This server sends none, so it is ignored.
    case response

    /// A value that is not a message, and whom to tell.
    package struct Invalid: Error {
        /// `nil` if it has none, or none that could be an id.
        package let id: RequestIdentifier?
        package let error: ProtocolError
    }

    package init(_ value: JSONValue) throws(Invalid) {
        guard let object = value.objectValue else {
            throw Invalid(
                id: nil, error: ProtocolError(.invalidRequest, "a message must be an object"))
        }
        let id = object["id"].flatMap { RequestIdentifier($0) }
        func invalid(
            _ message: String, _ code: ProtocolError.Code = .invalidRequest
        ) -> Invalid { Invalid(id: id, error: ProtocolError(code, message)) }
        guard object["jsonrpc"] == "2.0" else { throw invalid("'jsonrpc' must be \"2.0\"") }
        guard let method = object["method"] else {
            guard object.contains(key: "result") || object.contains(key: "error") else {
                throw invalid("there is no 'method'")
            }
            self = .response
            return
        }
        guard let method = method.stringValue else { throw invalid("'method' must be a string") }
        guard id != nil || !object.contains(key: "id") else {
            throw invalid("'id' must be a string or a number")
        }
        let parameters: JSONObject
        switch object["params"] {
        case nil: parameters = [:]
        case .object(let members)?: parameters = members
        case .some: throw invalid("'params' must be an object", .invalidParameters)
        }
        guard let id else {
            self = .notification(method: method, parameters: parameters)
            return
        }
        self = .request(Request(id: id, method: method, parameters: parameters))
    }
}

/// A request: a method, its parameters, and the id that the answer repeats.
package struct Request: Sendable {
    package let id: RequestIdentifier
    package let method: String
    package let parameters: JSONObject
}

/// The answer to a message.
package struct Reply: Sendable {
    /// One JSON object without line breaks.
    package let bytes: [UInt8]
    /// The error that it reports, from which HTTP takes its status; `nil` for a result.
    package let error: ProtocolError?

    init(_ id: RequestIdentifier, result: JSONWriter) {
        var line = Self.start(id)
        line.set("result", result)
        bytes = line.bytes
        error = nil
    }

    init(_ id: RequestIdentifier?, error: ProtocolError) {
        var line = Self.start(id)
        line.set("error", error.json)
        bytes = line.bytes
        self.error = error
    }

    private static func start(_ id: RequestIdentifier?) -> JSONWriter {
        var line = JSONWriter()
        line.set("jsonrpc", "2.0")
        line.set("id", id?.value ?? .null)
        return line
    }
}
