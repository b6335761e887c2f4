import Foundation
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore

/// Answers requests: checks where they come from and what they may do, finds the route, and turns errors
/// into problem details.
struct API: HTTPResponder {
    let routes: RouteTable
    let services: Services
    let origins: OriginGuard

    /// What a connection tells of itself.
    struct Context: InitializableFromSource {
        let channel: any Channel

        var localAddress: String? { channel.localAddress?.ipAddress }

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
        }
    }

    static func newRequestID() -> String { UUID().uuidString.lowercased() }

    func respond(to request: Request, context: Context) async throws -> Response {
        let started = ContinuousClock.now
        let id = Self.newRequestID()
        var route: Route?
        var response: Response
        do {
            try origins.check(request, localAddress: context.localAddress)
            if let preflight = origins.preflight(request) {
                response = preflight
            } else {
                let found = try routes.route(request.method, request.uri.path)
                route = found.route
                let caller = try authorize(request, for: found.route)
                let call = Call(
                    id: id, request: request, path: found.variables, caller: caller,
                    limits: services.limits)
                response = try await services.clients.whileConnected(context.channel) {
                    try await found.route.answer(call)
                }
            }
        } catch {
            let problem = Problem(for: error)
            if problem.status.code >= 500 { services.log.failure(error, id: id) }
            services.metrics.rejected(problem)
            response = .problem(
                problem, instance: id, forOpenAI: route?.isForOpenAI ?? false)
        }
        for field in origins.headers(for: request) { response.headers.append(field) }
        response.headers[.xRequestID] = id
        response.headers[.xContentTypeOptions] = "nosniff"
        if services.lifecycle.isDraining { response.headers[.connection] = "close" }
        if request.method == .head { response = response.createHeadResponse() }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let template = route?.template ?? "other"
        services.metrics.request(
            route: template, method: request.method.rawValue, status: response.status.code,
            seconds: seconds)
        services.log.request(
            LoggedRequest(
                id: id, method: request.method.rawValue, route: template,
                status: response.status.code, milliseconds: seconds * 1000,
                bytes: response.body.contentLength,
                traceParent: request.headers[.traceParent]))
        return response
    }

    private func authorize(_ request: Request, for route: Route) throws -> Caller {
        if route.access == .open { return .anyone }
        let caller = try services.keys.caller(of: request)
        if route.access == .write {
            if services.isReadOnly { throw RequestFailure.serverReadsOnly }
            if caller.role == .read { throw RequestFailure.keyReadsOnly }
        }
        if services.lifecycle.isDraining { throw RequestFailure.shuttingDown }
        return caller
    }
}

extension HTTPField.Name {
    static let xRequestID = Self("X-Request-Id")!
    static let traceParent = Self("traceparent")!
    static let xAccelBuffering = Self("X-Accel-Buffering")!
    static let xTruncated = Self("X-VDB-Truncated")!
}

extension HTTPResponse.Status {
    /// As nginx calls it; nobody is there to read it, but logs and metrics are.
    static let clientClosedRequest = Self(code: 499, reasonPhrase: "Client Closed Request")
    static let multiStatus = Self(code: 207, reasonPhrase: "Multi-Status")
    static let insufficientStorage = Self(code: 507, reasonPhrase: "Insufficient Storage")
}
