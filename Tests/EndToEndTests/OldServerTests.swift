import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// A server whose pgvector cannot do what searches need.
@Suite(.needsOldServer)
struct OldServerTests {
    @Test("It is refused by the version that it has and the one that is needed; nothing is made")
    func refusal() throws {
        let server = try TestServer(folder: TestServer.oldFolder)
        defer { server.stop() }
        let uri = try server.newDatabase()
        let connection = try PostgresConnection(uri)
        let version = try connection.run(
            "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")[0].text(0)
        let vdb = Program()
        try vdb.ingestCorpus()
        for isMade in [false, true] {
            if isMade { try connection.run("CREATE EXTENSION vector") }
            for command in [["ingest", "corpus.jsonl", "--db", uri], ["copy", "--to", uri]] {
                let result = try vdb.run(command + ["--quiet"])
                #expect(result.status == 69 && result.errorLines.count == 1)
                let found = isMade ? "the database has" : "the server has"
                #expect(
                    result.errors.contains(
                        "\(found) pgvector \(version), and 0.8.0 or later is needed"),
                    "\(result.errors)")
            }
            let made = try connection.run(
                """
                SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'vdb'),
                    (SELECT count(*) FROM pg_extension WHERE extname = 'vector')
                """)[0]
            #expect(try made.integer(0) == 0 && made.integer(1) == (isMade ? 1 : 0))
        }
    }
}
