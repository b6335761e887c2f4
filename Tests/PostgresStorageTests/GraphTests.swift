import PostgresTestSupport
import Storage
import TestSupport
import Testing

@testable import PostgresStorage
@testable import PostgresStore

/// Graphs: when they are built, whether they are used, and what they find.
@Suite(.needsServer)
struct GraphTests {
    private static let dimensions = 128
    /// Enough that the server prefers the graphs.
    private static let rows = 8000

    private let uri: String
    private let server: PostgresOptions

    init() throws {
        uri = try TestServer.database()
        var server = PostgresOptions()
        server.smallestGraph = 1000
        server.places = 2
        server.maintenanceMemory = 128 << 20
        self.server = server
    }

    private static func documents(
        _ numbers: Range<Int>, _ random: inout RandomSource
    ) -> [Document] {
        numbers.map {
            Document(
                id: "d\($0)", text: "text \($0)", metadata: ["n": .integer(Int64($0))],
                vector: vector(&random))
        }
    }

    private static func vector(_ random: inout RandomSource) -> [Float] {
        (0..<dimensions).map { _ in random.normal() }
    }

    @Test("A collection gets graphs when it is large enough, and they are built again when broken")
    func states() async throws {
        var random = RandomSource.forTest()
        let database = try Database(postgres: uri, server: server)
        let collection = database.collection()
        func state() throws -> IndexStatistics.State { try collection.statistics().index.state }
        try await collection.ingest(Self.documents(0..<300, &random))
        #expect(try state() == .scan)
        try await collection.ingest(Self.documents(300..<2000, &random))
        let built = try collection.statistics().index
        #expect(built.state == .graph && built.graphRows == 2000 && built.tailRows == 0)
        let report = try await database.check()
        #expect(report.isSound && report.sampledRecall.values.allSatisfy { $0 > 0.6 })
        #expect(report.sampledRecall.count == 1)
        let names = (0..<2).map { "vector_1_1_p\($0)_graph" }
        let connection = try PostgresConnection(uri)
        // As if what built it had been killed.
        try connection.run(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass($1)",
            [.text("vdb.\(names[0])")])
        #expect(try state() == .building)
        #expect(try await database.check().findings.contains { $0.message.contains("graph") })
        try connection.run("DROP INDEX vdb.\(names[1])")
        _ = try await database.check(repairing: true)
        #expect(try state() == .graph)
        try await collection.reindex(options: IndexOptions(m: 8, efConstruction: 40))
        #expect(try state() == .graph)
        let definitions = try connection.run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%hnsw%' ORDER BY 1"
        ).rows.map { (try $0.text(0), try $0.text(1)) }
        #expect(definitions.map(\.0) == names)
        #expect(definitions.allSatisfy { $0.1.contains("m='8'") }, "\(definitions)")
        try database.close()
    }

    @Test("Queries walk the graphs in one round trip, and find nearly what the exact search finds")
    func queries() async throws {
        var random = RandomSource.forTest()
        let database = try Database(postgres: uri, server: server)
        let collection = database.collection()
        try await collection.ingest(Self.documents(0..<Self.rows, &random))
        let store = try #require(database.store as? PostgresStore)
        let record = try #require(try store.collection(named: "default"))
        let predicate = MetadataPredicate.comparison(field: "n", .greaterOrEqual, .integer(1000))
        for filter in [nil, predicate] {
            let vector = Self.vector(&random)
            let plan = try store.plan(
                of: vector, limit: 30, by: .graph(ef: 100), where: filter, in: record)
            for place in 0..<2 { #expect(plan.contains("_p\(place)_graph"), "\(plan)") }
            // Neither of vectors nor of documents.
            #expect(!plan.contains("Seq Scan"), "\(plan)")
        }
        var explained = Query(vector: Self.vector(&random), limit: 5)
        explained.explains = true
        explained.ef = 50
        var explanation = try await collection.query(explained).explanation
        #expect(explanation.graphRows == Self.rows && explanation.tailRows == 0)
        #expect(explanation.placesWithoutEf == 0)
        explained.isExact = true
        explanation = try await collection.query(explained).explanation
        #expect(explanation.graphRows == 0 && explanation.tailRows == Self.rows)
        var (found, wanted) = (0, 0)
        for round in 0..<20 {
            let vector = Self.vector(&random)
            let retriever = try PostgresRetriever(
                store: store, record: record, filter: round % 2 == 0 ? nil : predicate)
            let before = store.pool.roundTrips
            let near = try retriever.dense(vector, depth: 10, ef: nil, isExact: false)
            #expect(store.pool.roundTrips - before == 1)
            let exact = try retriever.dense(vector, depth: 10, ef: nil, isExact: true)
            #expect(near.documents.count == 10)
            wanted += 10
            found += near.documents.count { exact.documents.contains($0) }
        }
        #expect(Double(found) / Double(wanted) > 0.7)
        // More than a walk visits, and as many as there are.
        let retriever = try PostgresRetriever(store: store, record: record, filter: nil)
        let all = try retriever.dense(
            Self.vector(&random), depth: Self.rows, ef: nil, isExact: false)
        #expect(all.documents.count == Self.rows)
        try database.close()
    }

    @Test("Numbers that no graph can hold are found without one, and refused beside one")
    func large() async throws {
        var random = RandomSource.forTest()
        let database = try Database(postgres: uri, server: server)
        let collection = database.collection()
        var options = IngestOptions()
        options.metric = .cosine
        let large = [Float](repeating: 1e6, count: Self.dimensions)
        try await collection.ingest(
            [Document(id: "large", text: "", vector: large)], options: options)
        try await collection.ingest(Self.documents(0..<1500, &random))
        #expect(try collection.statistics().index.state == .building)
        let query = Query(vector: large, limit: 1)
        #expect(try await collection.query(query).hits.map(\.id) == ["large"])
        #expect(
            try await collection.query(Query(vector: Self.vector(&random), limit: 5)).hits.count
                == 5)
        try await collection.delete(["large"])
        try await collection.ingest(Self.documents(1500..<1510, &random))
        #expect(try collection.statistics().index.state == .graph)
        #expect(try await collection.query(query).hits.count == 1)
        await #expect(
            throws: DatabaseError.invalidVector(of: "document 'large'", fault: .beyondHalf)
        ) {
            try await collection.ingest([Document(id: "large", text: "", vector: large)])
        }
        try database.close()
    }
}
