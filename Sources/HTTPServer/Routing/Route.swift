import HTTPTypes
import Hummingbird

/// One operation: a method and a path, who may use it, and the answer.
struct Route: Sendable {
    /// Which key a route needs, if the server has keys.
    enum Access: Sendable { case open, read, write }

    let method: HTTPRequest.Method
    /// `/v1/collections/{collection}`; also the name of the route in metrics and logs.
    let template: String
    let access: Access
    let answer: @Sendable (Call) async throws -> Response
    fileprivate let parts: [Part]

    fileprivate enum Part: Equatable {
        case fixed(String)
        case variable(String)
    }

    init(
        _ method: HTTPRequest.Method, _ template: String, _ access: Access,
        _ answer: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        self.template = template
        self.access = access
        self.answer = answer
        parts = template.split(separator: "/").map { part in
            part.hasPrefix("{")
                ? .variable(String(part.dropFirst().dropLast())) : .fixed(String(part))
        }
    }

    /// Whether errors also have the member that OpenAI's clients read.
    var isForOpenAI: Bool {
        template == "/v1/embeddings" || template.hasPrefix("/v1/models")
    }

    /// The variable parts of a path that matches; `nil` for another path.
    ///
    /// A part is decoded after the path is split, so that an id may contain `%2F`.
    fileprivate func match(_ path: [Substring]) -> [String: String]? {
        guard path.count == parts.count else { return nil }
        var variables: [String: String] = [:]
        for (given, part) in zip(path, parts) {
            guard let text = given.removingPercentEncoding else { return nil }
            switch part {
            case .fixed(let expected): if !text.utf8.elementsEqual(expected.utf8) { return nil }
            case .variable(let name): variables[name] = text
            }
        }
        return variables
    }
}

/// The routes of the server, in the order in which they are tried.
struct RouteTable: Sendable {
    let routes: [Route]

    /// The route for a request.
    ///
    /// - Throws: `noSuchRoute`, `methodNotAllowed`, `malformedPath`.
    func route(
        _ method: HTTPRequest.Method, _ path: String
    ) throws(RequestFailure) -> (route: Route, variables: [String: String]) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.allSatisfy({ $0.removingPercentEncoding != nil }) else { throw .malformedPath }
        // Of the most exact path only: an id may be 'get', but for that path the description has POST.
        var nearest: (variables: Int, methods: [String]) = (.max, [])
        for route in routes {
            // The root has no parts.
            guard let variables = route.match(path == "/" ? [] : Array(parts)) else { continue }
            if route.method == method || method == .head && route.method == .get {
                return (route, variables)
            }
            if variables.count < nearest.variables { nearest = (variables.count, []) }
            if variables.count == nearest.variables {
                nearest.methods.append(route.method.rawValue)
            }
        }
        if nearest.methods.isEmpty { throw .noSuchRoute(path: path) }
        throw .methodNotAllowed(method: method.rawValue, allowed: nearest.methods)
    }
}
