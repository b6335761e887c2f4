/// Systems that speak PostgreSQL's protocol, or change how it stores tables, on which this has never run.
/// They lack what the tables here are made of, such as partitions with graphs of their own.
package enum PostgresRelative: String, Sendable, CaseIterable {
    case citus = "Citus"
    case cockroach = "CockroachDB"
    case yugabyte = "YugabyteDB"

    /// - Parameters:
    ///   - version: what `version()` says.
    ///   - hasCitus: whether the database has the extension.
    package init?(version: String, hasCitus: Bool) {
        if version.hasPrefix("CockroachDB") {
            self = .cockroach
        } else if version.contains("-YB-") {
            self = .yugabyte
        } else if hasCitus {
            self = .citus
        } else {
            return nil
        }
    }
}
