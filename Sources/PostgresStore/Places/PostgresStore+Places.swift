import Schema
import Storage
import TextBytes

/// Places on other servers. They are assigned before there is a collection that has them: no documents are
/// moved.
extension PostgresStore {
    /// The places that are on other servers, with the servers' names, in their order.
    package func farPlaces() throws(StoreError) -> [(place: Int, server: String)] {
        try read { connection in
            try loadFarServers(connection).sorted { $0.key < $1.key }
                .map { ($0.key, $0.value.name) }
        }
    }

    /// Lets another server hold places of all collections that are made from now on.
    ///
    /// - Parameter location: the server; its schema is made there.
    /// - Throws: `placesTaken` if a place is on another server or a collection has it already;
    ///   `unavailable`.
    package func assign(
        places: [Int], to location: PostgresLocation
    ) throws(StoreError) {
        guard flavour == .postgres else {
            throw .unavailable(
                path: self.location.description,
                reason: "\(rules.title) distributes places by itself")
        }
        let far: (user: String, database: String)
        let tables = PostgresSchema(location.schema)
        do {
            let connection = try PostgresConnection(location.uri)
            try prepare(connection, tables, path: location.description)
            for statement in places.flatMap({ tables.tallyPlace($0) }) {
                try connection.run(statement)
            }
            let found = try connection.run("SELECT current_user::text, current_database()::text")[0]
            far = (try found.text(0), try found.text(1))
        } catch { throw StoreError(error, at: location, waited: nil) }
        _ = try writeOnce { (connection, unanswered: [Int: FarServer]?) in
            // Two of these, or one and a collection that is made, come one after the other.
            try connection.run("LOCK TABLE \(schema.name).collection IN SHARE ROW EXCLUSIVE MODE")
            let taken = try loadFarServers(connection)
            if let unanswered, places.allSatisfy({ taken[$0] == unanswered[$0] }) { return taken }
            let used = try connection.run(
                "SELECT name FROM \(schema.name).collection WHERE places > $1 ORDER BY name LIMIT 1",
                [.integer(Int64(places.min() ?? 0))])
            if used.count > 0 {
                throw StoreError.placesTaken(
                    places: places, by: "collection \"\(try used[0].text(0))\"")
            }
            if let place = places.first(where: { taken[$0] != nil }), let server = taken[place] {
                throw StoreError.placesTaken(places: [place], by: "server \(server.name)")
            }
            let settings = try FarServer.settings(
                of: location, user: far.user, database: far.database)
            let name = Self.name(settings.server, in: self.location.schema)
            let uri = location.withoutPasswords.uri
            let isKnown = taken.values.contains { server in
                server.name == name && server.uri == uri && server.schema == location.schema
            }
            if !isKnown {
                for statement in schema.farServer(
                    name, options: PostgresSchema.options(settings.server),
                    user: PostgresSchema.options(settings.user))
                {
                    try connection.run(statement)
                }
            }
            // Passages are found on the server of their documents, and not by reading both tables here.
            // Settings of this transaction alone would not be seen by those that read with one statement.
            try connection.run(
                "ALTER ROLE CURRENT_USER IN DATABASE \(try database(connection)) "
                    + "SET enable_partitionwise_join = on")
            try connection.run(
                "UPDATE \(schema.name).property SET value = 'fdw' WHERE name = 'flavour'")
            for place in places {
                for statement in schema.farTally(place, server: name, schema: location.schema) {
                    try connection.run(statement)
                }
                try connection.run(
                    """
                    INSERT INTO \(schema.name).far_place (place, server, uri, schema)
                    VALUES ($1, $2, $3, $4)
                    """,
                    [
                        .integer(Int64(place)), .text(name), .text(uri), .text(location.schema),
                    ])
            }
            return try loadFarServers(connection)
        }
    }

    /// The database's name, quoted.
    private func database(_ connection: PostgresConnection) throws -> String {
        PostgresSchema.quoted(
            try connection.run("SELECT current_database()::text")[0].text(0))
    }

    /// Makes the schema of another server's tables, unless it is there.
    private func prepare(
        _ connection: PostgresConnection, _ tables: PostgresSchema, path: String
    ) throws {
        let known = try connection.run(
            "SELECT to_regclass($1) IS NOT NULL", [.text("\(tables.name).property")])
        if try known[0].boolean(0) {
            let home = try connection.run(
                "SELECT value FROM \(tables.name).property WHERE name = 'home'")
            guard home.count == 1, try home[0].text(0) == identity.hexadecimal else {
                throw StoreError.unavailable(
                    path: path, reason: "its schema \(tables.name) is another database's")
            }
            return
        }
        try connection.transaction {
            for statement in tables.makeExtension + tables.makeSchema + tables.database {
                try connection.run(statement)
            }
            // Without an identity it is no database of its own.
            try connection.run(
                "INSERT INTO \(tables.name).property (name, value) VALUES ('home', $1)",
                [.text(identity.hexadecimal)])
        }
    }

    /// A server's name in PostgreSQL, which its messages say. Schemas of one database have their own.
    private static func name(_ settings: [(String, String)], in schema: String) -> String {
        func setting(_ name: String) -> String? { settings.last { $0.0 == name }?.1 }
        var name = setting("host") ?? setting("hostaddr") ?? "localhost"
        if let port = setting("port") { name += ":\(port)" }
        name += "/\(setting("dbname") ?? "")"
        return schema == PostgresLocation.defaultSchema ? name : "\(name) (\(schema))"
    }

    /// How many of a collection's places are on other servers, as far as this process knows.
    package func farPlaceCount(of collection: CollectionRecord) -> Int {
        guard let layout = layouts.withLock({ $0[collection.id] }) else { return 0 }
        return farServers.withLock { $0.keys.count { $0 < layout.places } }
    }

    // MARK: Tables

    /// Reads which places are on other servers.
    @discardableResult
    func loadFarServers(_ connection: PostgresConnection) throws -> [Int: FarServer] {
        var servers: [Int: FarServer] = [:]
        let found = try connection.run(
            "SELECT place, server, uri, schema FROM \(schema.name).far_place")
        let secrets = try found.count == 0 ? [:] : loadSecrets(connection)
        for row in found.rows {
            let name = try row.text(1)
            servers[Int(try row.integer(0))] = FarServer(
                name: name, uri: try row.text(2), schema: try row.text(3),
                secrets: secrets[Identifier(name), default: [:]])
        }
        farServers.withLock { $0 = servers }
        return servers
    }

    /// The passwords of this user on other servers, by the servers' names.
    private func loadSecrets(
        _ connection: PostgresConnection
    ) throws -> [Identifier: [String: String]] {
        let rows = try connection.run(
            """
            SELECT f.server, split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)
            FROM (SELECT DISTINCT server FROM \(schema.name).far_place) AS f
            JOIN pg_user_mappings AS m
                ON m.srvname = f.server::name AND m.usename = current_user
            CROSS JOIN unnest(m.umoptions) AS o WHERE split_part(o, '=', 1) = ANY($1)
            """, [.texts(FarServer.secretSettings)]
        ).rows
        var secrets: [Identifier: [String: String]] = [:]
        for row in rows {
            secrets[Identifier(try row.text(0)), default: [:]][try row.text(1)] = try row.text(2)
        }
        return secrets
    }

    /// Makes tables on the other servers that hold places of a collection, in a transaction of each.
    ///
    /// - Parameter statements: those of a schema, for some places.
    func makeFar(
        _ servers: [Int: FarServer], places: Int,
        _ statements: (PostgresSchema, _ places: [Int]) -> [String]
    ) throws {
        for (server, places) in Self.grouped(servers, places: places) {
            let statements = statements(PostgresSchema(server.schema), places)
            try withFar(server) { connection in
                try connection.transaction {
                    for statement in statements { try connection.run(statement) }
                }
            }
        }
    }

    /// Drops the tables of a collection that is gone on other servers. Their rows are out of sight already.
    func dropFar(_ layout: CollectionLayout) throws(StoreError) {
        try runFar(layout) { there in
            [
                there.documents, there.passages, there.postings, there.gone, there.vectors,
                there.next.vectors,
            ]
        }
    }

    /// Drops the vectors of a model that is used no more on other servers.
    func dropFarVectors(_ layout: CollectionLayout) throws(StoreError) {
        try runFar(layout) { there in [there.vectors] }
    }

    /// - Parameter tables: those to drop, by a layout there.
    private func runFar(
        _ layout: CollectionLayout, _ tables: (CollectionLayout) -> [String]
    ) throws(StoreError) {
        let servers = farServers.withLock { $0 }
        do {
            for (server, _) in Self.grouped(servers, places: layout.places) {
                try withFar(server) { connection in
                    for table in tables(layout.on(server)) {
                        try connection.run("DROP TABLE IF EXISTS \(table)")
                    }
                }
            }
        } catch { throw StoreError(error, at: location, waited: nil) }
    }

    /// The servers, each with its places below a number.
    static func grouped(
        _ servers: [Int: FarServer], places: Int
    ) -> [(FarServer, [Int])] {
        var grouped: [(FarServer, [Int])] = []
        for place in 0..<places {
            guard let server = servers[place] else { continue }
            if let index = grouped.firstIndex(where: { $0.0 == server }) {
                grouped[index].1.append(place)
            } else {
                grouped.append((server, [place]))
            }
        }
        return grouped
    }

    /// Runs `body` with a connection to another server, past the database's own.
    func withFar<T>(
        _ server: FarServer, _ body: (PostgresConnection) throws -> T
    ) throws -> T {
        let pool = farPools.withLock { pools in
            if let pool = pools[server.uri] { return pool }
            let pool = PostgresPool(server.uri, secrets: server.secrets)
            pools[server.uri] = pool
            return pool
        }
        do { return try pool.withConnection(body) } catch {
            guard let failure = error as? PostgresError else { throw error }
            switch failure {
            case .cannotConnect(let reason), .connectionLost(let reason):
                throw StoreError.unavailable(
                    path: location.description, reason: "server \(server.name): \(reason)")
            default: throw error
            }
        }
    }
}
