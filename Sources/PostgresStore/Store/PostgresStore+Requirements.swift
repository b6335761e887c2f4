import Schema
import Storage

/// What a server must be and have.
extension PostgresStore {
    /// PostgreSQL 14 has pipelines; everything is in UTF-8.
    static func requireServer(_ connection: PostgresConnection, path: String) throws {
        let version = connection.serverVersion
        // CockroachDB says that it is PostgreSQL 13.
        guard version >= 140_000 || connection.setting("crdb_version") != nil else {
            throw StoreError.unavailable(
                path: path,
                reason: "the server is PostgreSQL \(version / 10_000), and 14 or later is needed")
        }
        let encoding = connection.setting("server_encoding") ?? "unknown"
        guard encoding == "UTF8" else {
            throw StoreError.unavailable(
                path: path, reason: "the database's encoding is \(encoding), and UTF8 is needed")
        }
    }

    /// The flavour of a new database. A relative of PostgreSQL, on which nobody has run this, might take the
    /// tables and then answer otherwise, so it must be asked for.
    static func chosenFlavour(
        asked: SchemaFlavour?, _ connection: PostgresConnection, path: String
    ) throws -> SchemaFlavour {
        let found = try connection.run(
            "SELECT version(), EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')")[0]
        let server = SchemaFlavour(
            version: try found.text(0), hasCitus: try found.boolean(1))
        guard let asked else {
            guard server == .postgres else {
                throw StoreError.unavailable(
                    path: path,
                    reason:
                        "the server is \(server.rules.title), on which nobody has run vdb; name "
                        + "the flavour \(server.rawValue) to use it all the same")
            }
            return .postgres
        }
        if asked == server { return asked }
        // Citus leaves the tables of a database that does not use it alone.
        let isRight =
            asked == .postgres ? server == .citus : try hasEvidence(of: asked, connection)
        guard isRight else {
            throw StoreError.unavailable(
                path: path,
                reason: asked.rules.evidence.map { "the server lacks \($0.missing)" }
                    ?? "the server is \(server.rules.title)")
        }
        return asked
    }

    private static func hasEvidence(
        of flavour: SchemaFlavour, _ connection: PostgresConnection
    ) throws -> Bool {
        guard let evidence = flavour.rules.evidence else { return true }
        let found = try connection.run(evidence.sql)
        return try found.count == 1 && found[0].boolean(0)
    }

    /// Searches by a graph that go on until enough rows match came with pgvector 0.8.0.
    ///
    /// - Parameters:
    ///   - version: of the extension in the database or, before it is made, on the server.
    ///   - isMade: whether the database has it.
    static func requireVectors(
        version: String?, isMade: Bool = true, path: String
    ) throws(StoreError) {
        guard let version else {
            throw .unavailable(
                path: path, reason: "the server has no pgvector, and 0.8.0 or later is needed")
        }
        guard ExtensionVersion(version) >= ExtensionVersion("0.8.0") else {
            throw .unavailable(
                path: path,
                reason:
                    "the \(isMade ? "database" : "server") has pgvector \(version), and 0.8.0 or "
                    + "later is needed")
        }
    }

    /// What makes an acknowledgment worth less than it should be, or could harm a graph: clauses about the
    /// server.
    package func remarks() throws(StoreError) -> [String] {
        guard rules.hasDurabilitySettings else { return [] }
        return try read { connection in
            let found = try connection.run(
                """
                SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
                    current_setting('fsync'), current_setting('synchronous_commit'),
                    current_setting('full_page_writes'), current_setting('data_checksums')
                """)[0]
            var remarks: [String] = []
            if let version = try found.optionalText(0),
                ExtensionVersion(version) < ExtensionVersion("0.8.4")
            {
                remarks.append(
                    "has pgvector \(version), in which vacuum could damage a graph: update it to "
                        + "0.8.4 or later")
            }
            let settings = [
                ("fsync", "what was acknowledged may be lost or damaged when the server crashes"),
                ("synchronous_commit", "what was acknowledged may be lost when the server crashes"),
                ("full_page_writes", "pages may be damaged when the server crashes"),
                ("data_checksums", "damage on the disk is not noticed"),
            ]
            for (column, (name, consequence)) in settings.enumerated()
            where try found.text(column + 1) == "off" {
                remarks.append("has \(name)=off: \(consequence)")
            }
            return remarks
        }
    }
}

/// A version such as `0.8.6` or `0.8.0-yb`.
struct ExtensionVersion: Comparable {
    private let numbers: [Int]

    init(_ text: String) {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let numbers = digits.split(separator: ".").map { Int($0) ?? 0 }
        self.numbers = numbers + [Int](repeating: 0, count: max(0, 3 - numbers.count))
    }

    static func < (a: ExtensionVersion, b: ExtensionVersion) -> Bool {
        a.numbers.lexicographicallyPrecedes(b.numbers)
    }
}
