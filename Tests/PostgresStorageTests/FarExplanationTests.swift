import PostgresTestSupport
import TestSupport
import Testing

@testable import PostgresStorage
@testable import VectorDatabase

/// What an answer says of places on other servers.
@Suite(.needsForeignServers)
struct FarExplanationTests {
    @Test("A query's own ef does not reach places on other servers, and the explanation says so")
    func ef() async throws {
        let (home, far) = (try TestServer(), try TestServer())
        let uri = try home.newDatabase()
        try PostgresPlaces.assign([0, 2, 7], toServer: far.uri("postgres"), of: uri)
        var server = PostgresOptions()
        server.places = 3
        let database = try Database(postgres: uri, server: server)
        let collection = database.collection()
        var random = RandomSource.forTest()
        _ = try await collection.ingest(
            (0..<50).map { number in
                Document(
                    id: "d\(number)", text: "text \(number)",
                    vector: (0..<8).map { _ in random.normal() })
            })
        var query = Query(vector: (0..<8).map { _ in random.normal() }, limit: 5)
        func places() async throws -> Int {
            let answer = try await collection.query(query)
            #expect(answer.hits.count == 5)
            let text = answer.json(id: nil, explains: true, details: HitDetails()).text
            #expect(text.contains("places_without_ef") == (answer.explanation.placesWithoutEf > 0))
            return answer.explanation.placesWithoutEf
        }
        #expect(try await places() == 0)
        query.ef = 200
        #expect(try await places() == 2)
        query.isExact = true
        #expect(try await places() == 0)
        try database.close()
        for server in [home, far] { server.stop() }
    }
}
