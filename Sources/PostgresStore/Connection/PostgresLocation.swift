import Foundation

/// Where a database is: a URI of libpq, in which `schema=` names the schema.
///
///     postgres://vdb@db1,db2/corpus?target_session_attrs=read-write&schema=vdb
package struct PostgresLocation: Equatable, Sendable {
    /// The URI without what is ours.
    package let uri: String
    package let schema: String

    package static let defaultSchema = "vdb"

    private init(uri: String, schema: String) { (self.uri, self.schema) = (uri, schema) }

    /// - Returns: `nil` if the text is no URI of PostgreSQL, or if the schema cannot have that name.
    package init?(_ text: String) {
        guard Self.isURI(text) else { return nil }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            (uri, schema) = (text, Self.defaultSchema)
            return
        }
        var kept: [Substring] = []
        var schema = Self.defaultSchema
        for setting in parts[1].split(separator: "&", omittingEmptySubsequences: false) {
            guard setting.hasPrefix("schema=") else {
                kept.append(setting)
                continue
            }
            guard let name = setting.dropFirst("schema=".count).removingPercentEncoding,
                (1...63).contains(name.utf8.count), !name.utf8.contains(0)
            else { return nil }
            schema = name
        }
        self.schema = schema
        uri = kept.isEmpty ? String(parts[0]) : parts[0] + "?" + kept.joined(separator: "&")
    }

    /// Whether a database is named by a URI of PostgreSQL, and not by a path.
    package static func isURI(_ text: String) -> Bool {
        text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    }
}

extension PostgresLocation: CustomStringConvertible {
    /// The URI without passwords, for messages; with the schema, unless it is the usual one.
    package var description: String {
        let parts = self.parts
        var settings = parts.settings.filter { !Self.isSecret($0) }
        if schema != Self.defaultSchema {
            let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "_-."))
            let name = schema.addingPercentEncoding(withAllowedCharacters: allowed) ?? schema
            settings.append("schema=\(name)")
        }
        let server = parts.user.map { "\($0)@" } ?? ""
        return "\(parts.scheme)\(server)\(parts.rest)"
            + (settings.isEmpty ? "" : "?" + settings.joined(separator: "&"))
    }

    /// The same without passwords.
    package var withoutPasswords: PostgresLocation {
        let parts = self.parts
        let settings = parts.settings.filter { !Self.isSecret($0) }
        let server = parts.user.map { "\($0)@" } ?? ""
        return PostgresLocation(
            uri: "\(parts.scheme)\(server)\(parts.rest)"
                + (settings.isEmpty ? "" : "?" + settings.joined(separator: "&")), schema: schema)
    }

    /// A message of libpq without passwords: it repeats a URI that it cannot read.
    package func redacted(_ message: String) -> String {
        let parts = self.parts
        let secrets =
            [parts.password].compactMap { $0 }
            + parts.settings.filter(Self.isSecret).map {
                String($0.drop { $0 != "=" }.dropFirst())
            }
        return secrets.flatMap { [$0, $0.removingPercentEncoding ?? ""] }
            .filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
            .reduce(message) { $0.replacing($1, with: "***") }
    }

    /// The server's options that the URI names, as libpq takes them.
    var options: String? {
        parts.settings.last { $0.hasPrefix("options=") }
            .flatMap { String($0.dropFirst("options=".count)).removingPercentEncoding }
    }

    /// The user whom the URI names.
    package var user: String? { parts.user.flatMap(\.removingPercentEncoding) }

    /// Up to `://`, the user, the password, servers and database, and the settings.
    ///
    /// The user ends at the last `@` before the settings: a password may have been written without its
    /// escapes, and must not be taken for a server or a database.
    private var parts:
        (scheme: String, user: String?, password: String?, rest: String, settings: [String])
    {
        let start = uri.range(of: "://")?.upperBound ?? uri.startIndex
        var end = uri[start...].firstIndex(of: "?") ?? uri.endIndex
        // Of a password with a question mark, too: a port is a number.
        if !uri[start..<end].contains("@"), let at = uri[end...].lastIndex(of: "@"),
            Self.hasOddPort(uri[start..<end])
        {
            end = uri[at...].firstIndex(of: "?") ?? uri.endIndex
        }
        let settings =
            end == uri.endIndex
            ? []
            : uri[uri.index(after: end)...].split(separator: "&", omittingEmptySubsequences: false)
                .map(String.init)
        let scheme = String(uri[..<start])
        guard let at = uri[start..<end].lastIndex(of: "@") else {
            return (scheme, nil, nil, String(uri[start..<end]), settings)
        }
        let rest = String(uri[uri.index(after: at)..<end])
        guard let colon = uri[start..<at].firstIndex(of: ":") else {
            return (scheme, String(uri[start..<at]), nil, rest, settings)
        }
        return (
            scheme, String(uri[start..<colon]), String(uri[uri.index(after: colon)..<at]), rest,
            settings
        )
    }

    private static func hasOddPort(_ servers: Substring) -> Bool {
        let end = servers.firstIndex(of: "/") ?? servers.endIndex
        return servers[..<end].split(separator: ",").contains { server in
            guard !server.hasPrefix("["), let colon = server.lastIndex(of: ":") else {
                return false
            }
            return !server[server.index(after: colon)...].allSatisfy(\.isNumber)
        }
    }

    private static func isSecret(_ setting: String) -> Bool {
        let name = String(setting.prefix { $0 != "=" })
        return ["password", "sslpassword"].contains(name.removingPercentEncoding ?? name)
    }
}
