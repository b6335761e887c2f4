import Dispatch
import Foundation
import Schema
import Storage
import Synchronization

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
        try graphs(of: collection, try layout(of: collection))
    }

    private func graphs(
        of collection: CollectionRecord, _ layout: CollectionLayout
    ) throws(StoreError) -> [(state: GraphState, passages: Int)] {
        let servers = farServers.withLock { $0 }
        return try read { connection in
            var passages: [Int: Int] = [:]
            let counts = try connection.run(
                """
                SELECT place, sum(passages)::int8 FROM \(layout.tally) WHERE collection = $1
                GROUP BY place
                """, [.integer(collection.id)])
            for row in counts.rows { passages[Int(try row.integer(0))] = Int(try row.integer(1)) }
            var states = try Self.states(
                ofGraphs: layout, "", layout.graphPlaces.filter { servers[$0] == nil }, connection)
            for (server, places) in Self.grouped(servers, places: layout.places) {
                let far = try withFar(server) { connection in
                    try Self.states(ofGraphs: layout.on(server), "", places, connection)
                }
                states.merge(far) { $1 }
            }
            return layout.placeNumbers.map {
                let graph = layout.flavour.hasParts ? $0 : layout.placeNumbers[0]
                return (states[graph, default: .missing], passages[$0, default: 0])
            }
        }
    }

    private static func states(
        ofGraphs layout: CollectionLayout, _ suffix: String, _ places: [Int],
        _ connection: PostgresConnection
    ) throws -> [Int: GraphState] {
        let rows = try connection.run(
            """
            SELECT g.place, i.indisvalid, EXISTS (SELECT 1 FROM pg_stat_progress_create_index AS p
                    WHERE p.index_relid = i.indexrelid)
            FROM unnest($1, $2) AS g (name, place)
            LEFT JOIN pg_index AS i ON i.indexrelid = to_regclass(g.name)
            """,
            [
                .texts(places.map { layout.graph($0, suffix) }),
                .integers(places.map { Int64($0) }),
            ]
        ).rows
        var states: [Int: GraphState] = [:]
        for row in rows {
            let place = Int(try row.integer(0))
            if row.isNull(1) {
                states[place] = .missing
            } else if try row.boolean(1) {
                states[place] = .built
            } else {
                states[place] = try row.boolean(2) ? .building : .broken
            }
        }
        return states
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
        try buildGraphs(
            of: collection, try layout(of: collection), rebuilding: rebuilding, memory: memory)
    }

    /// Builds the graphs over the vectors of an unfinished re-encoding, so that they are there when those
    /// are taken into use.
    package func buildStagedGraphs(
        of collection: CollectionRecord, dimensions: Int, memory: Int? = nil
    ) throws(StoreError) {
        let staged = CollectionRecord(
            id: collection.id, name: collection.name, metric: collection.metric,
            dimensions: dimensions, elementType: collection.elementType, model: collection.model,
            index: collection.index, documentCount: collection.documentCount,
            passageCount: collection.passageCount, searchSettings: collection.searchSettings)
        let next = try read { connection in try lock(collection, connection, nil).layout.next }
        try buildGraphs(of: staged, next, rebuilding: false, memory: memory)
    }

    private func buildGraphs(
        of collection: CollectionRecord, _ home: CollectionLayout, rebuilding: Bool, memory: Int?
    ) throws(StoreError) {
        guard canHaveGraphs(collection) else { return }
        let servers = farServers.withLock { $0 }
        let graphs = Array(
            zip(home.placeNumbers, try graphs(of: collection, home)).prefix(home.graphPlaces.count))
        // Servers build at the same time; one of them would not be faster with several at once.
        let byServer = Dictionary(grouping: graphs) { servers[$0.0]?.name }
        let groups = byServer.values.sorted { $0[0].0 < $1[0].0 }
        let failure = Mutex<StoreError?>(nil)
        DispatchQueue.concurrentPerform(iterations: groups.count) { index in
            do throws(StoreError) {
                for (place, graph) in groups[index] {
                    try build(
                        graph.state, of: place, Site(home, servers[place]), collection,
                        rebuilding: rebuilding, memory)
                    if servers[place] != nil { try analyze(home, place, Site(home, nil)) }
                }
            } catch { failure.withLock { $0 = $0 ?? error } }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Builds one graph, unless it is there or another process is at it.
    private func build(
        _ state: GraphState, of place: Int, _ site: Site, _ collection: CollectionRecord,
        rebuilding: Bool, _ memory: Int?
    ) throws(StoreError) {
        switch state {
        case .building: return
        case .built where !rebuilding: return
        case .built: try replaceGraph(of: place, site, collection, memory)
        case .broken:
            try run(
                "DROP INDEX\(rules.concurrently) IF EXISTS \(site.layout.graph(place))", site)
            try buildGraph(of: place, "", site, collection, memory)
        case .missing: try buildGraph(of: place, "", site, collection, memory)
        }
    }

    /// Where a place's tables are.
    private struct Site {
        let layout: CollectionLayout
        /// `nil` for the database's own.
        let server: FarServer?

        init(_ layout: CollectionLayout, _ server: FarServer?) {
            self.layout = server.map { layout.on($0) } ?? layout
            self.server = server
        }
    }

    private func replaceGraph(
        of place: Int, _ site: Site, _ collection: CollectionRecord, _ memory: Int?
    ) throws(StoreError) {
        let layout = site.layout
        let (graph, new, old) = (
            layout.graph(place), layout.graph(place, Self.new), layout.graph(place, Self.old)
        )
        // What an interrupted call has left.
        for name in [new, old] {
            try run("DROP INDEX\(rules.concurrently) IF EXISTS \(name)", site)
        }
        try buildGraph(of: place, Self.new, site, collection, memory)
        func exchange(_ connection: PostgresConnection) throws {
            // It may have been exchanged without an answer.
            let isDone = try connection.run("SELECT to_regclass($1) IS NULL", [.text(new)])
            if try isDone[0].boolean(0) { return }
            try connection.run(
                "ALTER INDEX \(graph) RENAME TO \(layout.graphName(place, Self.old))")
            try connection.run("ALTER INDEX \(new) RENAME TO \(layout.graphName(place))")
        }
        try write { connection in
            _ = try lock(collection, connection, .alone)
            guard let server = site.server else { return try exchange(connection) }
            try withFar(server) { far in try far.transaction { try exchange(far) } }
        }
        try run("DROP INDEX\(rules.concurrently) IF EXISTS \(old)", site)
    }

    /// What the names of graphs end with that take another's place, or have left it.
    private static let new = "_new"
    private static let old = "_old"

    private func buildGraph(
        of place: Int, _ suffix: String, _ site: Site, _ collection: CollectionRecord,
        _ memory: Int?
    ) throws(StoreError) {
        let schema = site.server.map { PostgresSchema($0.schema) } ?? schema
        let statements = schema.graph(
            site.layout.graphName(place, suffix), ofCollection: collection.id,
            generation: site.layout.generation, place: place, dimensions: collection.dimensions,
            operators: collection.metric.operatorClass, m: collection.index.m,
            efConstruction: collection.index.efConstruction)
        for statement in statements where try !build(statement, place, suffix, memory, site) {
            return try run(
                "DROP INDEX\(rules.concurrently) IF EXISTS \(site.layout.graph(place, suffix))",
                site)
        }
        try analyze(site.layout, place, site)
    }

    /// The planner knows nothing of what has just been loaded; of another server's tables it knows only what
    /// it has fetched.
    private func analyze(
        _ layout: CollectionLayout, _ place: Int, _ site: Site
    ) throws(StoreError) {
        for table in [layout.vectors, layout.documents, layout.passages] {
            try run("ANALYZE \(layout.part(place, of: table))", site)
        }
    }

    private func run(_ statement: String, _ site: Site) throws(StoreError) {
        _ = try read { connection in
            guard let server = site.server else { return try connection.run(statement) }
            return try withFar(server) { try $0.run(statement) }
        }
    }

    /// Runs a statement that cannot be in a transaction, in which alone a setting could be changed: the
    /// connection is made with it.
    ///
    /// - Returns: `false` if a vector has a number that is too large for a graph.
    private func build(
        _ statement: String, _ place: Int, _ suffix: String, _ memory: Int?, _ site: Site
    ) throws(StoreError) -> Bool {
        let there = site.server.flatMap { PostgresLocation($0.uri) } ?? location
        let settings = rules.buildSettings(memory)
        let options = ([there.options].compactMap(\.self) + settings.map { "-c \($0)" })
            .joined(separator: " ")
        var isFirst = true
        func build(_ connection: PostgresConnection) throws -> Bool {
            defer { isFirst = false }
            // A pooler may refuse it; then the server's own setting has to do.
            let builder =
                settings.isEmpty
                ? nil
                : try? PostgresConnection(
                    there.uri, options: options, secrets: site.server?.secrets ?? [:])
            if !isFirst, try hasGraph(place, suffix, site.layout, builder ?? connection) {
                return true
            }
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
        return try read { connection in
            guard let server = site.server else { return try build(connection) }
            return try withFar(server, build)
        }
    }

    /// Looks after a graph whose builder has lost its connection: the server builds on. Removes what it has
    /// not finished.
    private func hasGraph(
        _ place: Int, _ suffix: String, _ layout: CollectionLayout,
        _ connection: PostgresConnection
    ) throws -> Bool {
        while true {
            switch try Self.states(ofGraphs: layout, suffix, [place], connection)[place] {
            case .built: return true
            case .building:
                if Task.isCancelled { throw StoreError.cancelled }
                usleep(Self.pause)
            case .broken:
                try connection.run(
                    "DROP INDEX\(rules.concurrently) IF EXISTS \(layout.graph(place, suffix))")
                return false
            case .missing, nil: return false
            }
        }
    }

    /// Between two looks at a graph that is being built, in microseconds.
    private static let pause: UInt32 = 200_000
}
