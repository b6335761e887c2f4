import Schema

/// Another server, which holds some places. The database's own server reaches it by postgres_fdw, and this
/// process to make tables and graphs there.
struct FarServer: Sendable, Equatable {
    /// The name that PostgreSQL has for it in messages: host, port and database.
    let name: String
    /// Where its tables are, as it was given but for passwords.
    let uri: String
    /// The schema there, unquoted.
    let schema: String
    /// The settings that are secret. PostgreSQL keeps them in its user mapping, which it shows to that user
    /// alone.
    var secrets: [String: String] = [:]

    static let secretSettings = ["password", "sslpassword"]

    /// What a query of one place may need at most: rows are fetched, and written, so many at a time.
    private static let rowsFetched = 10_000
    private static let rowsWritten = 1000

    /// The settings of postgres_fdw, and those of its user.
    ///
    /// No estimates are asked for: each would cost a round trip. A search's own settings do not travel, so
    /// the server gets those that searches have by default.
    static func settings(
        of location: PostgresLocation, user: String, database: String
    ) throws(PostgresError) -> (server: [(String, String)], user: [(String, String)]) {
        var server = [
            ("extensions", "vector"), ("async_capable", "true"),
            ("fetch_size", "\(rowsFetched)"), ("batch_size", "\(rowsWritten)"),
        ]
        var mapping: [(String, String)] = []
        var options = "-c hnsw.ef_search=100 -c hnsw.iterative_scan=strict_order"
        var (hasUser, hasDatabase) = (false, false)
        for (name, value) in try location.settings() {
            switch name {
            case "user", "password", "sslpassword":
                hasUser = hasUser || name == "user"
                mapping.append((name, value))
            case "options": options += " \(value)"
            case "client_encoding", "fallback_application_name": break
            default:
                hasDatabase = hasDatabase || name == "dbname"
                server.append((name, value))
            }
        }
        server.append(("options", options))
        // Otherwise they would be those of the account that the server runs by.
        if !hasUser { mapping.append(("user", user)) }
        if !hasDatabase { server.append(("dbname", database)) }
        return (server, mapping)
    }
}

extension PostgresSchema {
    /// Settings of a foreign server or table, as SQL.
    static func options(_ settings: [(String, String)]) -> String {
        settings.map { "\($0.0) \(literal($0.1))" }.joined(separator: ", ")
    }
}
