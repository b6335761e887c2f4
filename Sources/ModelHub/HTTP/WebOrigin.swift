import Foundation

/// Scheme, host and port of an address: what a token belongs to.
struct WebOrigin: Equatable {
    let scheme: String
    let host: String
    let port: Int

    /// Nil unless it is an absolute `http` or `https` address with a host.
    init?(_ url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host?.lowercased(),
            !host.isEmpty
        else { return nil }
        (self.scheme, self.host) = (scheme, host)
        port = parts.port ?? (scheme == "https" ? 443 : 80)
    }

    var isEncrypted: Bool { scheme == "https" }

    /// Whether it is this machine, where nobody listens to what goes over the wire.
    var isLoopback: Bool {
        ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
    }
}
