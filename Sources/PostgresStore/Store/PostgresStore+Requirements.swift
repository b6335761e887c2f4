import Storage

/// What a server must be and have.
extension PostgresStore {
    /// PostgreSQL 14 has pipelines; everything is in UTF-8.
    static func requireServer(_ connection: PostgresConnection, path: String) throws {
        let version = connection.serverVersion
        guard version >= 140_000 else {
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

    /// A relative of PostgreSQL might take the tables and then answer otherwise.
    static func requireNoRelative(_ connection: PostgresConnection, path: String) throws {
        let found = try connection.run(
            "SELECT version(), EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')")[0]
        guard
            let relative = PostgresRelative(
                version: try found.text(0), hasCitus: try found.boolean(1))
        else { return }
        throw StoreError.unavailable(
            path: path,
            reason: "the server is \(relative.rawValue), on which vdb has never run; use "
                + "PostgreSQL itself")
    }

    /// Searches by a graph that go on until enough rows match came with pgvector 0.8.0.
    ///
    /// - Parameter version: of the extension in the database or, before it is made, on the server.
    static func requireVectors(version: String?, path: String) throws(StoreError) {
        guard let version else {
            throw .unavailable(
                path: path, reason: "the server has no pgvector, and 0.8.0 or later is needed")
        }
        guard ExtensionVersion(version) >= ExtensionVersion("0.8.0") else {
            throw .unavailable(
                path: path,
                reason: "the database has pgvector \(version), and 0.8.0 or later is needed")
        }
    }

    /// What makes an acknowledgment worth less than it should be, or could harm a graph: clauses about the
    /// server.
    package func remarks() throws(StoreError) -> [String] {
        try read { connection in
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
