import FileFormat
import Ranking
import Storage
import TestSupport
import Testing

@testable import PostgresStore

/// Searches by vector, compared with brute force.
@Suite(.needsServer)
struct NearestTests {
    private static let dimensions = 64
    /// Enough that PostgreSQL uses the graphs of two places.
    private static let rows = 5000
    private static let queries = 8

    @Test(
        "The exact search finds what brute force finds, and the graph nearly that",
        arguments: Metric.allCases)
    func searches(metric: Metric) throws {
        var random = RandomSource.forTest(part: Metric.allCases.firstIndex(of: metric) ?? 0)
        let store = try PostgresStore(try TestServer.location(), mode: .create, places: 2)
        let collection = try store.createCollection(
            named: "n", metric: metric, dimensions: Self.dimensions, elementType: .float32,
            model: .init(name: "m", fingerprint: "m-1"), index: .init(), searchSettings: nil)
        let vectors = (0..<Self.rows).map { _ in Self.vector(&random) }
        let batch = vectors.enumerated().map { number, vector in
            DocumentWrite(
                id: "\(number)", contentHash: ContentHash(high: 0, low: UInt64(number)),
                passages: [PassageWrite(text: "", vector: vector)])
        }
        _ = try store.write(batch, to: collection, onConflict: .replace)
        let queries = (0..<Self.queries).map { _ in Self.vector(&random) }
        let truths = queries.map { query in
            let distances = vectors.map { Self.distance(metric, query, $0) }
            return vectors.indices.sorted { distances[$0] < distances[$1] }.prefix(10)
                .map { "\($0)" }
        }
        func found(_ search: PostgresStore.Search) throws -> Int {
            var count = 0
            for (query, truth) in zip(queries, truths) {
                let near = try store.nearest(to: query, limit: 10, by: search, in: collection)
                for (row, passage) in near.passages.enumerated() {
                    let start = row * Self.dimensions
                    let number = try #require(Int(passage.documentID))
                    #expect(
                        Array(near.values[start..<start + Self.dimensions]) == vectors[number])
                }
                count += Set(near.passages.map(\.documentID)).intersection(truth).count
            }
            return count
        }
        #expect(try found(.exact) == 80)
        // Without graphs, the search by them is exact.
        #expect(try found(.graph(ef: 100)) >= 78)
        try store.buildGraphs(of: collection)
        try store.buildGraphs(of: collection)
        #expect(try found(.exact) == 80)
        #expect(try found(.graph(ef: 100)) >= 64)
        // More than the candidates of one walk.
        let many = try store.nearest(
            to: queries[0], limit: 500, by: .graph(ef: 40), in: collection)
        #expect(many.passages.count == 1000 && Set(many.passages.map(\.key)).count == 1000)
        let graph = try store.plan(
            of: queries[0], limit: 10, by: .graph(ef: 40), in: collection)
        for place in 0..<2 {
            #expect(graph.contains("vector_\(collection.id)_1_p\(place)_graph"), "\(graph)")
        }
        let exact = try store.plan(of: queries[0], limit: 10, by: .exact, in: collection)
        #expect(!exact.contains("_graph"), "\(exact)")
    }

    @Test("A filter never costs hits, however few or far those are that match")
    func filters() throws {
        var random = RandomSource.forTest()
        let store = try PostgresStore(try TestServer.location(), mode: .create)
        let collection = try store.createCollection(
            named: "n", metric: .innerProduct, dimensions: Self.dimensions, elementType: .float32,
            model: .init(name: "m", fingerprint: "m-1"), index: .init(), searchSettings: nil)
        let vectors = (0..<Self.rows).map { _ in Self.vector(&random) }
        let batch = vectors.enumerated().map { number, vector in
            DocumentWrite(
                id: "\(number)", metadata: #"{"n":\#(number)}"#,
                contentHash: ContentHash(high: 0, low: UInt64(number)),
                passages: [PassageWrite(text: "", vector: vector)])
        }
        _ = try store.write(batch, to: collection, onConflict: .replace)
        try store.buildGraphs(of: collection)
        let query = Self.vector(&random)
        let distances = vectors.map { Self.distance(.innerProduct, query, $0) }
        let order = vectors.indices.sorted { distances[$0] < distances[$1] }
        let farthest = Set(order.suffix(2500))
        let filters: [(MetadataPredicate, (Int) -> Bool)] = [
            (.comparison(field: "n", .less, .integer(7)), { $0 < 7 }),
            (.comparison(field: "n", .less, .integer(1500)), { $0 < 1500 }),
            (.isIn(field: "n", farthest.map { .integer(Int64($0)) }), { farthest.contains($0) }),
            (.isNull(field: "n"), { _ in false }),
        ]
        for (predicate, matches) in filters {
            let truth = order.filter(matches).prefix(10).map { "\($0)" }
            let few = try store.fewPassages(where: predicate, in: collection)
            #expect(
                few == (order.count(where: matches) <= 2000 ? order.count(where: matches) : nil))
            for search in [PostgresStore.Search.exact, .graph(ef: 10)] {
                let near = try store.nearest(
                    to: query, limit: 10, by: search, where: predicate, in: collection)
                #expect(near.passages.count == truth.count, "\(search)")
                #expect(
                    near.passages.allSatisfy { matches(Int($0.documentID) ?? -1) }, "\(search)")
                guard search == .exact else { continue }
                #expect(Set(near.passages.map(\.documentID)) == Set(truth), "\(search)")
            }
        }
    }

    @Test("A search by vectors of another model, or in a collection that is gone, is refused")
    func refusals() throws {
        let location = try TestServer.location()
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        _ = try store.write([.sample("a", "x")], to: collection, onConflict: .replace)
        try PostgresConnection(location.uri).run(
            "UPDATE vdb.collection SET model_fingerprint = 'other'")
        #expect(
            throws: StoreError.fingerprintMismatch(
                collection: "notes", expected: "other", found: "letters-1")
        ) {
            try store.nearest(to: [1, 2], limit: 1, by: .exact, in: collection)
        }
        try store.dropCollection(collection)
        #expect(throws: StoreError.self) {
            try store.nearest(to: [1, 2], limit: 1, by: .exact, in: collection)
        }
        // The connection is still of use.
        #expect(try store.collections().isEmpty)
    }

    private static func vector(_ random: inout RandomSource) -> [Float] {
        (0..<dimensions).map { _ in random.normal() }
    }

    private static func distance(_ metric: Metric, _ a: [Float], _ b: [Float]) -> Double {
        func sum(_ term: (Double, Double) -> Double) -> Double {
            zip(a, b).reduce(0) { $0 + term(Double($1.0), Double($1.1)) }
        }
        switch metric {
        case .innerProduct: return -sum { $0 * $1 }
        case .cosine: return -sum { $0 * $1 } / sum { $1 * $1 }.squareRoot()
        case .euclidean: return sum { ($0 - $1) * ($0 - $1) }
        }
    }
}
