import Ranking
import Schema
import Storage

extension PostgresStore {
    /// How the passages near a vector are found.
    package enum Search: Sendable, Equatable {
        /// The vector is compared with every other.
        case exact
        /// Each place's graph is walked with this many candidates; without a graph, as `exact`.
        case graph(ef: Int)
    }

    /// pgvector's limits: of candidates, and of components that an index can have.
    private static let largestEf = 1000
    private static let largestIndexed = 4000
    /// How many rows a walk may visit until it has enough that match.
    private static let visited = 20_000

    /// The passages nearest to a vector by the collection's metric: of each place so many, or all.
    ///
    /// The server orders them in its own arithmetic, and a graph by 16-bit floats: ask for more than are
    /// wanted, and score them again.
    ///
    /// - Parameters:
    ///   - vector: `[D]`, with as many components as the collection has dimensions.
    ///   - limit: the passages of each place.
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded.
    package func nearest(
        to vector: [Float], limit: Int, by search: Search, in collection: CollectionRecord
    ) throws(StoreError) -> NearestPassages {
        try read { connection in
            let layout = try layout(of: collection, connection)
            let answers = try connection.pipeline(
                Self.begin(search) + [
                    identification(of: collection),
                    Self.selection(of: collection, layout, vector, limit, search),
                    PostgresStatement("COMMIT"),
                ])
            let (identity, rows) = (answers[answers.count - 3], answers[answers.count - 2])
            guard identity.count == 1 else {
                throw StoreError.collectionMissing(name: collection.name)
            }
            try CollectionModel(
                fingerprint: try identity[0].text(0), dimensions: Int(try identity[0].integer(1))
            ).verify(collection)
            var found = NearestPassages()
            for row in rows.rows { try found.add(row) }
            return found
        }
    }

    /// The plan of the same search, as PostgreSQL explains it, for tests.
    func plan(
        of vector: [Float], limit: Int, by search: Search, in collection: CollectionRecord
    ) throws(StoreError) -> String {
        try read { connection in
            let layout = try layout(of: collection, connection)
            var statement = Self.selection(of: collection, layout, vector, limit, search)
            statement.sql = "EXPLAIN (COSTS OFF) " + statement.sql
            let answers = try connection.pipeline(
                Self.begin(search) + [statement, PostgresStatement("COMMIT")])
            return try answers[answers.count - 2].rows.map { try $0.text(0) }
                .joined(separator: "\n")
        }
    }

    /// Builds the graphs that the collection lacks, of each place one, while others write. A collection of
    /// vectors that are too long for one has none.
    package func buildGraphs(of collection: CollectionRecord) throws(StoreError) {
        guard (1...Self.largestIndexed).contains(collection.dimensions) else { return }
        let layout = try layout(of: collection)
        for place in 0..<layout.places {
            let statements = schema.graph(
                ofCollection: collection.id, generation: layout.generation, place: place,
                dimensions: collection.dimensions, operators: collection.metric.operatorClass,
                m: collection.index.m, efConstruction: collection.index.efConstruction)
            try read { connection in
                for statement in statements { try connection.run(statement) }
                // The planner knows nothing of what has just been loaded.
                for table in [layout.vectors, layout.documents] {
                    try connection.run("ANALYZE \(layout.part(place, of: table))")
                }
            }
        }
    }

    private static func begin(_ search: Search) -> [PostgresStatement] {
        var statements = [
            PostgresStatement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        ]
        if case .graph(let ef) = search {
            statements += [
                "hnsw.ef_search = \(min(max(ef, 1), largestEf))",
                "hnsw.iterative_scan = strict_order", "hnsw.max_scan_tuples = \(visited)",
            ].map { PostgresStatement("SET LOCAL \($0)") }
        }
        return statements
    }

    private func identification(of collection: CollectionRecord) -> PostgresStatement {
        PostgresStatement(
            "SELECT model_fingerprint, dimensions FROM \(schema.name).collection WHERE id = $1",
            [.integer(collection.id)])
    }

    /// Written out by place: each walks its own graph.
    private static func selection(
        of collection: CollectionRecord, _ layout: CollectionLayout, _ vector: [Float],
        _ limit: Int, _ search: Search
    ) -> PostgresStatement {
        let (operation, dimensions) = (collection.metric.operation, collection.dimensions)
        // No index serves a sum.
        let distance =
            search == .exact
            ? "(v.value \(operation) $1::vector) + 0"
            : "(v.value::halfvec(\(dimensions))) \(operation) $1::vector::halfvec(\(dimensions))"
        let parts = (0..<layout.places).map { place in
            """
            SELECT n.passage, n.document, d.id, n.value FROM (
                SELECT v.passage, v.document, v.value
                FROM \(layout.part(place, of: layout.vectors)) AS v ORDER BY \(distance) LIMIT $2) AS n
            JOIN \(layout.part(place, of: layout.documents)) AS d
                ON d.place = \(place) AND d.key = n.document
            """
        }
        return PostgresStatement(
            parts.joined(separator: " UNION ALL "), [.vector(vector), .integer(Int64(limit))])
    }
}

extension Metric {
    /// pgvector's operator, which is smaller for nearer vectors.
    fileprivate var operation: String {
        switch self {
        case .innerProduct: "<#>"
        case .cosine: "<=>"
        case .euclidean: "<->"
        }
    }

    fileprivate var operatorClass: String {
        switch self {
        case .innerProduct: "halfvec_ip_ops"
        case .cosine: "halfvec_cosine_ops"
        case .euclidean: "halfvec_l2_ops"
        }
    }
}
