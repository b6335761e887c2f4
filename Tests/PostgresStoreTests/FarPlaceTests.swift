import FileFormat
import Foundation
import Ranking
import Storage
import TestSupport
import Testing

@testable import PostgresStore

/// Places on other servers, on three clusters, compared with a database on one.
@Suite(.needsForeignServers)
struct FarPlaceTests {
    private static let dimensions = 16
    private let (home, first, second): (TestServer, TestServer, TestServer)
    private let location: PostgresLocation

    init() throws {
        (home, first, second) = (try TestServer(), try TestServer(), try TestServer())
        location = try #require(PostgresLocation(try home.newDatabase()))
    }

    /// Of five places, the first and the second server have two each, and the home server one.
    private func assign() throws -> PostgresStore {
        let store = try PostgresStore(location, mode: .create, places: 5)
        try store.assign(places: [0, 1], to: try far(first))
        try store.assign(places: [2, 3], to: try far(second))
        return store
    }

    private func far(_ server: TestServer) throws -> PostgresLocation {
        try #require(PostgresLocation(server.uri("postgres") + "&schema=far"))
    }

    private func name(_ server: TestServer) -> String { "\(server.host)/postgres" }

    private func makeCollection(_ store: PostgresStore) throws -> CollectionRecord {
        try store.createCollection(
            named: "n", metric: .innerProduct, dimensions: Self.dimensions, elementType: .float32,
            model: .init(name: "m", fingerprint: "m-1"), index: .init(), searchSettings: nil)
    }

    private func batch(_ numbers: Range<Int>, _ random: inout RandomSource) -> [DocumentWrite] {
        numbers.map { number in
            DocumentWrite(
                id: "d\(number)", metadata: #"{"n":\#(number % 7)}"#,
                contentHash: ContentHash(high: random.next(), low: 1),
                passages: (0..<2).map { passage in
                    PassageWrite(
                        text: "text \(number) \(passage)", start: 7 * passage,
                        vector: (0..<Self.dimensions).map { _ in random.normal() })
                })
        }
    }

    @Test("Several servers give the answers of one, and each gets order and limit with its query")
    func sameAsOne() throws {
        var random = RandomSource.forTest()
        let stores = [
            try assign(), try PostgresStore(try TestServer.location(), mode: .create, places: 5),
        ]
        let collections = try stores.map { try makeCollection($0) }
        let batches = [0..<300, 200..<400, 50..<60].map { batch($0, &random) }
        for (store, collection) in zip(stores, collections) {
            for batch in batches {
                _ = try store.write(batch, to: collection, onConflict: .replace)
            }
            #expect(
                try store.write(batches[2], to: collection, onConflict: .replace).documents
                    .allSatisfy { $0 == .unchanged })
            _ = try store.delete(ids: (0..<40).map { "d\($0)" }, from: collection)
            _ = try store.setMetadata(
                [
                    MetadataWrite(
                        id: "d77", metadata: #"{"n":99}"#,
                        contentHash: ContentHash(high: 1, low: 2))
                ], in: collection)
        }
        let query = (0..<Self.dimensions).map { _ in random.normal() }
        let predicate = MetadataPredicate.comparison(field: "n", .less, .integer(3))
        func facts(_ store: PostgresStore, _ collection: CollectionRecord) throws -> [[String]] {
            let record = try store.current(collection)
            func near(_ predicate: MetadataPredicate?) throws -> [String] {
                try store.nearest(
                    to: query, limit: 5, by: .exact, where: predicate, in: record
                ).passages.map(\.documentID).sorted()
            }
            return [
                try store.documents(after: nil, limit: 1000, in: record)
                    .map { "\($0.id) \($0.metadata ?? "") \($0.contentHash)" },
                ["\(record.documentCount)", "\(record.passageCount)"], try near(nil),
                try near(predicate), try store.ids(where: predicate, in: record),
                ["\(try store.count(where: predicate, in: record))"],
                try store.check().map { "\($0)" },
            ]
        }
        let found = try zip(stores, collections).map { try facts($0, $1) }
        #expect(found[0] == found[1])
        #expect(found[0][0].count == 360 && found[0][6].isEmpty)
        let record = try stores[0].current(collections[0])
        try stores[0].buildGraphs(of: record)
        #expect(try stores[0].graphs(of: record).allSatisfy { $0.state == .built })
        for search in [PostgresStore.Search.exact, .graph(ef: 100)] {
            let near = try stores[0].nearest(to: query, limit: 5, by: search, in: record)
            #expect(near.passages.count == 25)
            let plan = try stores[0].plan(of: query, limit: 5, by: search, in: record)
            let remote = plan.split(separator: "\n").filter { $0.contains("Remote SQL: ") }
            #expect(remote.count == 4, "\(plan)")
            #expect(
                remote.allSatisfy { $0.contains(" ORDER BY ") && $0.contains(" LIMIT ") },
                "\(plan)")
            #expect(plan.contains("Async Foreign Scan"), "\(plan)")
        }
        for server in [home, first, second] { server.stop() }
    }

    @Test("A password of another server is used, and kept in its user mapping alone")
    func password() throws {
        let administrator = try PostgresConnection(first.uri("postgres"))
        try administrator.run("ALTER ROLE vdb PASSWORD 's3 cr''et'")
        try Data("local all all scram-sha-256\n".utf8).write(
            to: URL(fileURLWithPath: first.host + "/data/pg_hba.conf"))
        try administrator.run("SELECT pg_reload_conf()")
        // The server reads it a little later.
        for _ in 0..<200 where (try? PostgresConnection(first.uri("postgres"))) != nil {
            usleep(20_000)
        }
        #expect(throws: (any Error).self) { try PostgresConnection(first.uri("postgres")) }
        let open = try far(first)
        #expect(open.withoutPasswords == open)
        let secret = try #require(
            PostgresLocation(
                first.uri("postgres").replacing("vdb@", with: "vdb:s3%20cr'et@") + "&schema=far"))
        #expect(secret.withoutPasswords == open)
        let store = try PostgresStore(location, mode: .create, places: 3)
        #expect(throws: StoreError.self) { try store.assign(places: [0], to: open) }
        try store.assign(places: [0], to: secret)
        try store.assign(places: [1], to: secret)
        let connection = try PostgresConnection(location.uri)
        let tables = try connection.run(
            "SELECT relname FROM pg_class WHERE relnamespace = 'vdb'::regnamespace AND relkind = 'r'"
        )
        #expect(tables.count > 5)
        for row in tables.rows {
            let found = try connection.run(
                "SELECT count(*) FROM vdb.\(try row.text(0)) AS t WHERE t::text LIKE '%cr%et%'")
            #expect(try found[0].integer(0) == 0)
        }
        // Another process has no password but that.
        var random = RandomSource.forTest()
        let other = try PostgresStore(location, mode: .create, places: 3)
        let collection = try makeCollection(other)
        _ = try other.write(batch(0..<100, &random), to: collection, onConflict: .replace)
        let record = try other.current(collection)
        try other.buildGraphs(of: record, memory: 8 << 20)
        #expect(try other.graphs(of: record).allSatisfy { $0.state == .built })
        #expect(other.farPlaceCount(of: record) == 2)
        #expect(try other.check().isEmpty)
        try other.dropCollection(record)
        for server in [home, first, second] { server.stop() }
    }

    @Test("If a server is down, reading and writing fail and name it")
    func serverDown() throws {
        var random = RandomSource.forTest()
        let store = try assign()
        let collection = try makeCollection(store)
        let documents = batch(0..<100, &random)
        _ = try store.write(documents, to: collection, onConflict: .replace)
        let record = try store.current(collection)
        second.stop()
        let query = (0..<Self.dimensions).map { _ in random.normal() }
        func expectNamed(_ body: (PostgresStore) throws -> Void) throws {
            // A process that was connected, and one that comes later.
            for store in [store, try PostgresStore(location, mode: .readWrite)] {
                do {
                    try body(store)
                    Issue.record("nothing was thrown")
                } catch StoreError.unavailable(_, let reason) {
                    #expect(reason.contains(name(second)), "\(reason)")
                }
            }
        }
        try expectNamed {
            _ = try $0.nearest(to: query, limit: 5, by: .exact, in: record)
        }
        try expectNamed {
            _ = try $0.nearest(to: query, limit: 5, by: .graph(ef: 10), in: record)
        }
        try expectNamed { _ = try $0.documents(after: nil, limit: 10, in: record) }
        try expectNamed {
            _ = try $0.count(where: .comparison(field: "n", .less, .integer(3)), in: record)
        }
        try expectNamed {
            _ = try $0.write(batch(200..<300, &random), to: record, onConflict: .replace)
        }
        for server in [home, first] { server.stop() }
    }

    @Test("Places that are taken are refused, and a collection's tables go on all servers")
    func assigning() throws {
        let store = try assign()
        #expect(try store.farPlaces().map(\.place) == [0, 1, 2, 3])
        #expect(try store.farPlaces().map(\.server) == [first, first, second, second].map(name))
        #expect(throws: StoreError.placesTaken(places: [3], by: "server \(name(second))")) {
            try store.assign(places: [3, 4], to: try far(first))
        }
        let collection = try makeCollection(store)
        #expect(throws: StoreError.placesTaken(places: [4, 9], by: "collection \"n\"")) {
            try store.assign(places: [4, 9], to: try far(first))
        }
        try store.assign(places: [7], to: try far(first))
        // Another database cannot have the same schema there.
        let other = try PostgresStore(try TestServer.location(), mode: .create)
        #expect(throws: StoreError.self) { try other.assign(places: [0], to: try far(first)) }
        func tables(_ server: TestServer) throws -> Int64 {
            try PostgresConnection(server.uri("postgres")).run(
                """
                SELECT count(*) FROM pg_tables WHERE schemaname = 'far'
                    AND tablename ~ '^(document|passage|vector)_'
                """)[0].integer(0)
        }
        #expect(try tables(first) > 0 && tables(second) > 0)
        try store.dropCollection(collection)
        #expect(try tables(first) == 0 && tables(second) == 0)
        for server in [home, first, second] { server.stop() }
    }
}
