import Foundation
import PostgresTestSupport
import TestSupport
import Testing

/// `vdb serve` on a database in PostgreSQL.
@Suite(.serialized, .needsServer) struct ServerPostgresTests {
    private let vdb = Program()
    private let collection = "/v1/collections/default"

    @Test("Documents are put, found and deleted, and two servers see each other's writes")
    func documents() async throws {
        let uri = try TestServer.database()
        let (one, other) = (
            try RunningServer(vdb, database: uri), try RunningServer(vdb, database: uri)
        )
        let put = try await one.request(
            "PUT", collection + "/documents/tides",
            #"{"title":"Tides","text":"The moon pulls the oceans.","year":2021}"#)
        #expect(put.status == 201, "\(put.text)")
        let lines = #"{"_id":"bread","text":"Yeast raises dough.","year":2019}"#
        let ingest = try await other.request(
            "POST", collection + "/documents", lines,
            headers: ["Content-Type": "application/x-ndjson"])
        #expect(ingest.status == 200, "\(ingest.text)")
        for server in [one, other] {
            let answer = try await server.request(
                "POST", collection + "/query",
                #"{"query":"oceans","mode":"dense","where":"year > 2000"}"#)
            #expect(answer.object.hitIDs == ["tides", "bread"], "\(answer.text)")
        }
        #expect(try await one.request("DELETE", collection + "/documents/bread").status / 100 == 2)
        #expect(try await other.request("GET", collection + "/documents/bread").status == 404)
        let stats = try await one.request("GET", collection)
        #expect(stats.object.int("documents") == 1 && !stats.text.contains("postgres://"))
        #expect(one.terminate() == 0 && other.terminate() == 0)
    }
}
