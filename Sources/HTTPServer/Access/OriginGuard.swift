import HTTPTypes
import Hummingbird

/// Which hosts and pages of browsers may use the server. This stops DNS rebinding: a page whose name an
/// attacker points to this machine sends that name as `Host`, and its own origin.
struct OriginGuard: Sendable {
    let allowedHosts: [String]
    let allowedOrigins: [String]
    let isSecure: Bool

    /// - Parameter localAddress: the address that the connection came to; `nil` for a socket's path.
    /// - Throws: `hostNotAllowed`, `originNotAllowed`.
    func check(_ request: Request, localAddress: String?) throws(RequestFailure) {
        let authority = request.head.authority ?? ""
        let host = Self.host(of: authority)
        // An address cannot be rebound, but only the one that was called proves nothing is amiss.
        let isOwn =
            host == "localhost" || host == "127.0.0.1" || host == "::1"
            || localAddress.map { host == $0.lowercased() } ?? true
        guard isOwn || allowedHosts.contains(where: { $0.lowercased() == host }) else {
            throw .hostNotAllowed(host: authority)
        }
        guard let origin = request.headers[.origin] else { return }
        let own = "\(isSecure ? "https" : "http")://\(authority)"
        guard origin.lowercased() == own.lowercased() || allows(origin) else {
            throw .originNotAllowed(origin: origin)
        }
    }

    private func allows(_ origin: String) -> Bool {
        allowedOrigins.contains { $0.lowercased() == origin.lowercased() }
    }

    /// The headers by which a browser lets an allowed page read the answer.
    func headers(for request: Request) -> HTTPFields {
        guard !allowedOrigins.isEmpty else { return [:] }
        var headers: HTTPFields = [.vary: "Origin"]
        guard let origin = request.headers[.origin], allows(origin) else { return headers }
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = "X-Request-Id, X-VDB-Truncated, ETag, Retry-After"
        return headers
    }

    /// The answer to a browser that asks before it sends a request; `nil` if it does not ask.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, !allowedOrigins.isEmpty,
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, POST, PUT, PATCH, DELETE",
                .accessControlAllowHeaders: "Authorization, Content-Type, If-None-Match",
                .accessControlMaxAge: "600",
            ])
    }

    /// The host of an authority without its port, in lower case, without the brackets of IPv6.
    static func host(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return authority[authority.index(after: authority.startIndex)..<end].lowercased()
        }
        return (authority.split(separator: ":", maxSplits: 1).first.map(String.init) ?? "")
            .lowercased()
    }
}
