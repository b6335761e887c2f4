/// The SQL that makes a database in PostgreSQL, embedded from `schema/postgres`.
package struct PostgresSchema: Sendable {
    /// The schema's name, quoted.
    package let name: String

    package let flavour: SchemaFlavour

    package init(_ name: String, flavour: SchemaFlavour = .postgres) {
        self.name = Self.quoted(name)
        self.flavour = flavour
    }

    package static func quoted(_ name: String) -> String {
        "\""
            + name.split(separator: "\"", omittingEmptySubsequences: false).joined(
                separator: "\"\"")
            + "\""
    }

    package var makeExtension: [String] {
        flavour.hasExtension ? statements(PackageResources.extension_sql) : []
    }

    package var makeSchema: [String] { statements(PackageResources.schema_sql) }

    /// What an administrator runs for a user who may make neither the extension nor the schema.
    package func preparation(for user: String) -> [String] {
        makeExtension + makeSchema
            + statements(PackageResources.grant_sql, ["user": Self.quoted(user)])
    }

    /// The statements that make the tables of a database, in a schema that is there.
    package var database: [String] {
        statements(PackageResources.database_sql)
            + (flavour.hasParts ? statements(PackageResources.tally_parts_sql) : [])
            + statements(of: .database)
    }

    package func collection(id: Int64) -> [String] {
        let values = ["id": "\(id)"]
        return statements(PackageResources.collection_sql, values)
            + statements(of: .collection, values)
    }

    package func place(_ place: Int, ofCollection id: Int64) -> [String] {
        let values = ["id": "\(id)", "place": "\(place)"]
        return (flavour.hasParts ? statements(PackageResources.place_sql, values) : [])
            + statements(PackageResources.tally_rows_sql, values)
    }

    /// The tables of a collection's vectors by one model.
    ///
    /// - Parameter places: those whose tables are made in this schema.
    package func vectors(
        ofCollection id: Int64, generation: Int, dimensions: Int, places: some Sequence<Int>
    ) -> [String] {
        let values = ["id": "\(id)", "generation": "\(generation)", "dimensions": "\(dimensions)"]
        let table = statements(PackageResources.vectors_sql, values)
        guard flavour.hasParts else { return table + statements(of: .vectors, values) }
        return table
            + places.flatMap { place in
                statements(
                    PackageResources.vectors_place_sql,
                    values.merging(["place": "\(place)"]) { $1 })
            }
    }

    /// The graph of one place's vectors, or of all if places have no tables of their own. pgvector allows fewer links than HNSW here does, and wants twice
    /// as many candidates.
    ///
    /// - Parameters:
    ///   - graph: its name, without the schema.
    ///   - operators: by the metric, without the type of vectors.
    package func graph(
        _ graph: String, ofCollection id: Int64, generation: Int, place: Int, dimensions: Int,
        operators: String,
        m: Int, efConstruction: Int
    ) -> [String] {
        let links = min(max(m, 2), 100)
        let values = [
            "graph": graph, "id": "\(id)", "generation": "\(generation)", "place": "\(place)",
            "dimensions": "\(dimensions)", "operators": operators, "m": "\(links)",
            "ef_construction": "\(min(max(efConstruction, 2 * links, 4), 1000))",
        ]
        return flavour.sections[.graph] == nil
            ? statements(PackageResources.graph_sql, values) : statements(of: .graph, values)
    }

    /// The indexes of one metadata field in one place.
    ///
    /// - Parameters:
    ///   - index: what their names begin with, without the schema.
    ///   - number: what one is of, as SQL.
    ///   - text: the same of the other.
    ///   - concurrently: while others write, but not in a transaction.
    package func field(
        _ index: String, ofCollection id: Int64, place: Int, number: String, text: String,
        concurrently: Bool
    ) -> [String] {
        // Last what may have braces.
        statements(
            PackageResources.field_sql,
            [
                "index": index, "id": "\(id)", "place": "\(place)",
                "concurrently": concurrently ? "CONCURRENTLY" : "",
            ]
        ).map { statement in
            [("{number}", number), ("{text}", text)].reduce(statement) { statement, part in
                statement.split(separator: part.0, omittingEmptySubsequences: false)
                    .joined(separator: part.1)
            }
        }
    }

    // MARK: Other servers

    /// Makes another server known.
    ///
    /// - Parameters:
    ///   - name: unquoted.
    ///   - options: settings as SQL.
    ///   - user: the same of the user there.
    package func farServer(_ name: String, options: String, user: String) -> [String] {
        statements(
            PackageResources.far_server_sql,
            ["server": Self.quoted(name), "options": options, "user": user])
    }

    /// The table of a place's counts, on the server that has the place.
    package func tallyPlace(_ place: Int) -> [String] {
        statements(PackageResources.tally_place_sql, ["place": "\(place)"])
    }

    /// The counts of a place on another server.
    package func farTally(_ place: Int, server: String, schema: String) -> [String] {
        statements(
            PackageResources.far_tally_sql, far(place, server: server, schema: schema))
    }

    package func farPlace(
        _ place: Int, ofCollection id: Int64, server: String, schema: String
    ) -> [String] {
        statements(
            PackageResources.far_place_sql,
            far(place, server: server, schema: schema).merging(["id": "\(id)"]) { $1 })
    }

    package func farVectors(
        _ place: Int, ofCollection id: Int64, generation: Int, server: String, schema: String
    ) -> [String] {
        statements(
            PackageResources.far_vectors_place_sql,
            far(place, server: server, schema: schema)
                .merging(["id": "\(id)", "generation": "\(generation)"]) { $1 })
    }

    private func far(_ place: Int, server: String, schema: String) -> [String: String] {
        ["place": "\(place)", "server": Self.quoted(server), "far": Self.literal(schema)]
    }

    package static func literal(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            + "'"
    }

    /// A text as SQL, whatever the server's `standard_conforming_strings`.
    package static func escaped(_ text: String) -> String {
        let doubled = text.split(separator: "\\", omittingEmptySubsequences: false)
            .joined(separator: "\\\\")
        return "E" + literal(doubled)
    }

    private func statements(_ resource: [UInt8], _ values: [String: String] = [:]) -> [String] {
        statements(in: String(decoding: resource, as: UTF8.self), values)
    }

    private func statements(
        of section: SchemaFlavour.Section, _ values: [String: String] = [:]
    ) -> [String] {
        flavour.sections[section].map { statements(in: $0, values) } ?? []
    }

    /// Statements end with a semicolon at a line's end.
    private func statements(in text: String, _ values: [String: String]) -> [String] {
        var text = text
        let common = [
            "schema": name, "partitioned": flavour.hasParts ? " PARTITION BY LIST (place)" : "",
        ]
        for (name, value) in values.merging(common, uniquingKeysWith: { $1 }) {
            text = text.split(separator: "{\(name)}", omittingEmptySubsequences: false)
                .joined(separator: value)
        }
        return text.split(separator: ";\n").map(String.init)
            .filter { !$0.allSatisfy(\.isNewline) }
    }
}
