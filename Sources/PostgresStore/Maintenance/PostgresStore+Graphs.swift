import Schema
import Storage

/// The graphs over a collection's vectors, of each place one. Without one its vectors are compared one by
/// one; beside one that is being built others write.
extension PostgresStore {
    package enum GraphState: Sendable, Equatable {
        case built, missing
        /// By this process or another one.
        case building
        /// What built it was interrupted.
        case broken
    }

    /// The most components of a vector that pgvector's graphs can have.
    private static let largestIndexed = 4000

    /// Whether the collection's vectors can have graphs.
    package func canHaveGraphs(_ collection: CollectionRecord) -> Bool {
        (1...Self.largestIndexed).contains(collection.dimensions)
    }

    /// The states of the places' graphs and the passages of each place, in the order of places.
    package func graphs(
        of collection: CollectionRecord
    ) throws(StoreError) -> [(state: GraphState, passages: Int)] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            return try connection.run(
                """
                SELECT i.indisvalid, EXISTS (SELECT 1 FROM pg_stat_progress_create_index AS p
                        WHERE p.index_relid = i.indexrelid),
                    (SELECT coalesce(sum(passages), 0)::int8 FROM \(layout.tally)
                        WHERE collection = $2 AND place = g.number - 1)
                FROM unnest($1) WITH ORDINALITY AS g(name, number)
                LEFT JOIN pg_index AS i ON i.indexrelid = to_regclass(g.name) ORDER BY g.number
                """,
                [
                    .texts((0..<layout.places).map { layout.graph($0) }),
                    .integer(collection.id),
                ]
            ).rows.map { row in
                let passages = Int(try row.integer(2))
                if row.isNull(0) { return (.missing, passages) }
                if try row.boolean(0) { return (.built, passages) }
                return (try row.boolean(1) ? .building : .broken, passages)
            }
        }
    }

    /// Builds the graphs that the collection lacks, while others write.
    ///
    /// - Parameters:
    ///   - rebuilding: builds all of them, with the collection's parameters; the old ones serve until then.
    ///   - memory: of the server, for one graph, in bytes; `nil` for what the server is set to. A graph that
    ///     needs more is built much more slowly.
    package func buildGraphs(
        of collection: CollectionRecord, rebuilding: Bool = false, memory: Int? = nil
    ) throws(StoreError) {
        guard canHaveGraphs(collection) else { return }
        let layout = try layout(of: collection)
        for (place, graph) in try graphs(of: collection).enumerated() {
            switch graph.state {
            case .building: continue
            case .built where !rebuilding: continue
            case .built: try replaceGraph(of: place, layout, collection, memory)
            case .broken:
                try run("DROP INDEX CONCURRENTLY IF EXISTS \(layout.graph(place))")
                try buildGraph(of: place, "", layout, collection, memory)
            case .missing: try buildGraph(of: place, "", layout, collection, memory)
            }
        }
    }

    private func replaceGraph(
        of place: Int, _ layout: CollectionLayout, _ collection: CollectionRecord, _ memory: Int?
    ) throws(StoreError) {
        let (graph, new, old) = (
            layout.graph(place), layout.graph(place, Self.new), layout.graph(place, Self.old)
        )
        // What an interrupted call has left.
        for name in [new, old] { try run("DROP INDEX CONCURRENTLY IF EXISTS \(name)") }
        try buildGraph(of: place, Self.new, layout, collection, memory)
        try write { connection in
            try connection.run(
                "ALTER INDEX \(graph) RENAME TO \(layout.graphName(place, Self.old))")
            try connection.run("ALTER INDEX \(new) RENAME TO \(layout.graphName(place))")
        }
        try run("DROP INDEX CONCURRENTLY IF EXISTS \(old)")
    }

    /// What the names of graphs end with that take another's place, or have left it.
    private static let new = "_new"
    private static let old = "_old"

    private func buildGraph(
        of place: Int, _ suffix: String, _ layout: CollectionLayout,
        _ collection: CollectionRecord, _ memory: Int?
    ) throws(StoreError) {
        let statements = schema.graph(
            layout.graphName(place, suffix), ofCollection: collection.id,
            generation: layout.generation, place: place, dimensions: collection.dimensions,
            operators: collection.metric.operatorClass, m: collection.index.m,
            efConstruction: collection.index.efConstruction)
        for statement in statements where try !build(statement, memory) {
            return try run("DROP INDEX CONCURRENTLY IF EXISTS \(layout.graph(place, suffix))")
        }
        // The planner knows nothing of what has just been loaded.
        for table in [layout.vectors, layout.documents, layout.passages] {
            try run("ANALYZE \(layout.part(place, of: table))")
        }
    }

    private func run(_ statement: String) throws(StoreError) {
        _ = try read { connection in try connection.run(statement) }
    }

    /// Runs a statement that cannot be in a transaction, in which alone a setting could be changed: the
    /// connection is made with it.
    ///
    /// - Returns: `false` if a vector has a number that is too large for a graph.
    private func build(_ statement: String, _ memory: Int?) throws(StoreError) -> Bool {
        let options = memory.map { bytes in
            let own = location.options.map { "\($0) " } ?? ""
            return "\(own)-c maintenance_work_mem=\(max(1, bytes >> 10))kB"
        }
        return try read { connection in
            // A pooler may refuse it; then the server's own setting has to do.
            let builder = options.flatMap { try? PostgresConnection(location.uri, options: $0) }
            do throws(PostgresError) {
                try (builder ?? connection).run(statement)
                return true
            } catch {
                guard case .refused(let refusal) = error,
                    refusal.state == PostgresError.State.outOfRange
                else { throw error }
                return false
            }
        }
    }
}
