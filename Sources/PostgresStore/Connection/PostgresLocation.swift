import Foundation

/// Where a database is: a URI of libpq, in which `schema=` names the schema.
///
///     postgres://vdb@db1,db2/corpus?target_session_attrs=read-write&schema=vdb
package struct PostgresLocation: Equatable, Sendable {
    /// The URI without what is ours.
    package let uri: String
    package let schema: String

    package static let defaultSchema = "vdb"

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
    /// The URI without the password, for messages.
    package var description: String {
        let start = uri.range(of: "://")?.upperBound ?? uri.startIndex
        let end = uri[start...].firstIndex { $0 == "/" || $0 == "?" } ?? uri.endIndex
        guard let at = uri[start..<end].lastIndex(of: "@"),
            let colon = uri[start..<at].firstIndex(of: ":")
        else { return uri }
        return String(uri[..<colon] + uri[at...])
    }
}
