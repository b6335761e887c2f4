import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

@testable import PostgresStorage

/// Databases made for relatives of PostgreSQL. None of these runs here: see ``StandIns``.
@Suite(.needsServer)
struct FlavourTests {
    private static let dimensions = 16
    private static let rows = 1500

    private static func documents(_ random: inout RandomSource) -> [Document] {
        (0..<rows).map {
            Document(
                id: "d\($0)", text: "text \($0)", metadata: ["n": .integer(Int64($0))],
                vector: vector(&random))
        }
    }

    private static func vector(_ random: inout RandomSource) -> [Float] {
        (0..<dimensions).map { _ in random.normal() }
    }

    @Test(
        "Graphs find nearly what the exact search finds, with and without a filter",
        arguments: ServerShape.relatives)
    func graphs(shape: ServerShape) async throws {
        var random = RandomSource.forTest()
        var (uri, server) = try shape.location()
        server.smallestGraph = 1000
        let database = try Database(postgres: uri, server: server)
        let collection = database.collection()
        try await collection.ingest(Self.documents(&random))
        func isBuilt() throws -> Bool {
            let index = try collection.statistics().index
            return index.state == .graph && index.graphRows == Self.rows
        }
        #expect(try isBuilt())
        try await collection.reindex(options: IndexOptions(m: 12, efConstruction: 80))
        #expect(try isBuilt())
        var (found, wanted) = (0, 0)
        for round in 0..<20 {
            var query = Query(vector: Self.vector(&random), limit: 10)
            if round % 2 == 1 { query.filter = try Filter("n >= 700") }
            let near = try await collection.query(query)
            query.isExact = true
            let exact = try await collection.query(query)
            #expect(near.hits.count == 10)
            wanted += 10
            found += near.hits.count { hit in exact.hits.contains { $0.id == hit.id } }
        }
        #expect(Double(found) / Double(wanted) > 0.8)
        #expect(try await database.check().isSound)
        try database.close()
    }

    @Test(
        "A database is copied, renamed, changed and dropped as on PostgreSQL itself",
        arguments: ServerShape.relatives)
    func maintenance(shape: ServerShape) async throws {
        var random = RandomSource.forTest()
        let database = try shape.database()
        let documents = Self.documents(&random)
        try await database.collection().ingest(Array(documents[..<60]))
        try await database.copyCollection("default", to: "copy")
        try await database.renameCollection("copy", to: "notes")
        let notes = database.collection("notes")
        #expect(try await notes.delete(["d3", "d4", "none"]) == 2)
        let other = try ServerShape.onePlace.database()
        _ = try await notes.copy(to: other.collection()) { _ in }
        #expect(try other.collection().count() == 58)
        _ = try await other.collection().copy(to: database.collection("again")) { _ in }
        #expect(try database.collection("again").count() == 58)
        #expect(try await database.check().isSound)
        try await database.dropCollection("notes")
        #expect(try database.collectionNames() == ["again", "default"])
        try database.close()
        try other.close()
    }

    @Test("A flavour belongs to a database, and to a server that has what it needs")
    func refusals() throws {
        let (uri, server) = try ServerShape.citus.location()
        try Database(postgres: uri, server: server).close()
        // It is known from then on.
        try Database(postgres: uri).close()
        func reason(_ uri: String, _ flavour: PostgresFlavour) -> String? {
            var server = PostgresOptions()
            server.flavour = flavour
            do { try Database(postgres: uri, server: server).close() } catch {
                guard case DatabaseError.storeUnavailable(_, let reason) = error else {
                    return nil
                }
                return reason
            }
            return nil
        }
        #expect(reason(uri, .yugabyte)?.contains("made for Citus") == true)
        let plain = try TestServer.database()
        for flavour in PostgresFlavour.allCases {
            #expect(reason(plain, flavour)?.contains("lacks") == true)
        }
        // Nothing was made.
        #expect(
            try PostgresConnection(plain).run("SELECT to_regnamespace('vdb') IS NULL")[0]
                .boolean(0))
    }

    @Test("Places of Citus are in shards of their own, by the server's hash of integers")
    func shards() throws {
        let connection = try PostgresConnection(TestServer.database())
        for count in [1, 2, 3, 8, 63, 64, 65, 200] {
            let numbers = CitusShards.placeNumbers(count)
            #expect(Set(numbers).count == count)
            let rows = try connection.run(
                "SELECT n, hashint4(n::int4) FROM unnest($1) AS n",
                [.integers(numbers.map { Int64($0) })])
            var shards: [Int64: Int] = [:]
            for row in rows.rows {
                let (number, hash) = (try row.integer(0), try row.integer(1))
                #expect(Int64(CitusShards.hash(Int32(number))) == hash)
                // Each has an equal range of 32 bits.
                shards[(hash + (1 << 31)) >> 26, default: 0] += 1
            }
            #expect(shards.count == min(count, CitusShards.count))
            #expect(shards.values.allSatisfy { $0 <= (count + 63) / 64 })
        }
    }
}
