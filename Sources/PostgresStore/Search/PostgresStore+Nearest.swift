import Ranking
import Storage

extension PostgresStore {
    /// How the passages near a vector are found.
    package enum Search: Sendable, Equatable {
        /// The vector is compared with every other.
        case exact
        /// Each place's graph is walked with this many candidates; without a graph, as `exact`.
        case graph(ef: Int)
    }

    /// The largest number that a 16-bit float has.
    static let largestHalf: Float = 65_504
    /// Documents that match a filter and are compared one by one; of more, the graph is walked.
    private static let fewDocuments = 2000

    /// The number of passages that match, or `nil` if more than 2,000 documents do.
    package func fewPassages(
        where predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> Int? {
        let tree = try NormalizedPredicate(predicate)
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let condition = try condition(tree, layout, connection)
            let found = try connection.run(
                """
                WITH found AS MATERIALIZED (
                    SELECT d.place, d.key FROM \(layout.documents) AS d
                    WHERE d.\(layout.anyPlace) AND \(condition.sql) LIMIT \(Self.fewDocuments + 1))
                SELECT (SELECT count(*) FROM found), (
                    SELECT count(*) FROM found
                    JOIN \(layout.passages) AS p ON p.place = found.place AND p.document = found.key
                    WHERE (SELECT count(*) FROM found) <= \(Self.fewDocuments))
                """, condition.parameters)[0]
            return try found.integer(0) > Self.fewDocuments ? nil : Int(found.integer(1))
        }
    }

    /// The passages nearest to a vector by the collection's metric, of each place so many; fewer only if
    /// no more match.
    ///
    /// The server orders them in its own arithmetic, and a graph by 16-bit floats: ask for more than are
    /// wanted, and score them again.
    ///
    /// - Parameters:
    ///   - vector: `[D]`, with as many components as the collection has dimensions.
    ///   - limit: the passages of each place.
    ///   - predicate: only passages of documents that match; `nil` for all. If few do, search exactly
    ///     (``fewPassages(where:in:)``).
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded;
    ///   `predicateTooLarge`.
    package func nearest(
        to vector: [Float], limit: Int, by search: Search,
        where predicate: MetadataPredicate? = nil,
        in collection: CollectionRecord
    ) throws(StoreError) -> NearestPassages {
        let tree = try predicate.map { predicate throws(StoreError) in
            try NormalizedPredicate(predicate)
        }
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let query = NearestQuery(
                collection: collection, layout: layout, vector: vector, limit: limit,
                condition: try tree.map {
                    try condition(
                        $0, after: NearestQuery.parameters(vector, limit), layout, connection)
                }, farPlaces: farServers.withLock { Set($0.keys) })
            let all = layout.searchedPlaces
            var search = search
            if predicate != nil, !rules.walksWithFilter { search = .exact }
            if vector.contains(where: { abs($0) > Self.largestHalf }) { search = .exact }
            let found: [Int: NearestPassages]
            do { found = try run(query, by: search, in: all, connection) } catch {
                // Without a graph, a stored vector may have greater numbers.
                guard search != .exact, case PostgresError.refused(let refusal) = error,
                    refusal.state == PostgresError.State.outOfRange
                else { throw error }
                search = .exact
                found = try run(query, by: .exact, in: all, connection)
            }
            // A walk ends after so many rows, whether it has enough or not.
            let short = all.filter { found[$0, default: NearestPassages()].passages.count < limit }
            let isComplete =
                predicate == nil
                && found.values.reduce(0) { $0 + $1.passages.count } >= collection.passageCount
            if search == .exact || short.isEmpty || isComplete {
                return NearestPassages(joining: found, limit: limit)
            }
            let exact = try run(query, by: .exact, in: short, connection)
            return NearestPassages(joining: found.merging(exact) { $1 }, limit: limit)
        }
    }

    /// - Returns: the passages of each place.
    private func run(
        _ query: NearestQuery, by search: Search, in places: some Sequence<Int>,
        _ connection: PostgresConnection
    ) throws -> [Int: NearestPassages] {
        let statement = query.statement(isExact: search == .exact, in: places)
        let answers = try connection.pipeline(
            begin(search) + [
                identification(of: query.collection), statement, PostgresStatement("COMMIT"),
            ])
        let (identity, rows) = (answers[answers.count - 3], answers[answers.count - 2])
        guard identity.count == 1 else {
            throw StoreError.collectionMissing(name: query.collection.name)
        }
        try CollectionModel(
            fingerprint: try identity[0].text(0), dimensions: Int(try identity[0].integer(1))
        ).verify(query.collection)
        var found: [Int: NearestPassages] = [:]
        for row in rows.rows {
            try found[Int(try row.integer(0)), default: NearestPassages()].add(row)
        }
        return found
    }

    /// The plan of a search, as PostgreSQL explains it, for tests.
    func plan(
        of vector: [Float], limit: Int, by search: Search,
        where predicate: MetadataPredicate? = nil, in collection: CollectionRecord
    ) throws(StoreError) -> String {
        let tree = try predicate.map { predicate throws(StoreError) in
            try NormalizedPredicate(predicate)
        }
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let query = NearestQuery(
                collection: collection, layout: layout, vector: vector, limit: limit,
                condition: try tree.map {
                    try condition(
                        $0, after: NearestQuery.parameters(vector, limit), layout, connection)
                }, farPlaces: farServers.withLock { Set($0.keys) })
            var statement = query.statement(isExact: search == .exact, in: layout.searchedPlaces)
            statement.sql = "EXPLAIN (VERBOSE, COSTS OFF) " + statement.sql
            let answers = try connection.pipeline(
                begin(search) + [statement, PostgresStatement("COMMIT")])
            return try answers[answers.count - 2].rows.map { try $0.text(0) }
                .joined(separator: "\n")
        }
    }

    private func begin(_ search: Search) -> [PostgresStatement] {
        var settings: [String] = []
        if case .graph(let ef) = search { settings = rules.searchSettings(ef) }
        return Self.beginReading(settings)
    }

    private func identification(of collection: CollectionRecord) -> PostgresStatement {
        PostgresStatement(
            "SELECT model_fingerprint, dimensions FROM \(schema.name).collection WHERE id = $1",
            [.integer(collection.id)])
    }
}
