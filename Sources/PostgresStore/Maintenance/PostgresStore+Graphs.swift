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
    /// - Parameter rebuilding: builds all of them, with the collection's parameters; the old ones serve
    ///   until then.
    package func buildGraphs(
        of collection: CollectionRecord, rebuilding: Bool = false
    ) throws(StoreError) {
        guard canHaveGraphs(collection) else { return }
        let layout = try layout(of: collection)
        for (place, graph) in try graphs(of: collection).enumerated() {
            switch graph.state {
            case .building: continue
            case .built where !rebuilding: continue
            case .built: try replaceGraph(of: place, layout, collection)
            case .broken:
                try run("DROP INDEX CONCURRENTLY IF EXISTS \(layout.graph(place))")
                try buildGraph(of: place, "", layout, collection)
            case .missing: try buildGraph(of: place, "", layout, collection)
            }
        }
    }

    private func replaceGraph(
        of place: Int, _ layout: CollectionLayout, _ collection: CollectionRecord
    ) throws(StoreError) {
        let graph = layout.graph(place)
        // What an interrupted call has left.
        try run("DROP INDEX CONCURRENTLY IF EXISTS \(layout.graph(place, Self.replacement))")
        try buildGraph(of: place, Self.replacement, layout, collection)
        try run("DROP INDEX CONCURRENTLY IF EXISTS \(graph)")
        try run(
            "ALTER INDEX IF EXISTS \(layout.graph(place, Self.replacement)) RENAME TO "
                + layout.graphName(place))
    }

    /// What the name of a graph ends with that takes another's place.
    private static let replacement = "_new"

    private func buildGraph(
        of place: Int, _ suffix: String, _ layout: CollectionLayout, _ collection: CollectionRecord
    ) throws(StoreError) {
        let statements = schema.graph(
            layout.graphName(place, suffix), ofCollection: collection.id,
            generation: layout.generation, place: place, dimensions: collection.dimensions,
            operators: collection.metric.operatorClass, m: collection.index.m,
            efConstruction: collection.index.efConstruction)
        for statement in statements { try run(statement) }
        // The planner knows nothing of what has just been loaded.
        for table in [layout.vectors, layout.documents, layout.passages] {
            try run("ANALYZE \(layout.part(place, of: table))")
        }
    }

    private func run(_ statement: String) throws(StoreError) {
        _ = try read { connection in try connection.run(statement) }
    }
}
