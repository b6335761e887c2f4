import PostgresStore
import Storage
import TestSupport
import Testing

/// A store behind pgbouncer in transaction mode. The other suites run through it, too.
@Suite(.needsPooler)
struct PoolerTests {
    private let location: PostgresLocation

    init() throws { location = try TestServer.location() }

    @Test("Two connections have the same session of the server, so that none can count on its own")
    func sharing() throws {
        let clients = try [PostgresConnection(location.uri), PostgresConnection(location.uri)]
        let processes = try clients.map { try $0.run("SELECT pg_backend_pid()")[0].integer(0) }
        #expect(processes[0] == processes[1])
    }

    @Test("A graph is built though the pooler refuses to set the memory for it")
    func memory() throws {
        #expect(throws: PostgresError.self) {
            try PostgresConnection(location.uri, options: "-c maintenance_work_mem=99MB")
        }
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        _ = try store.write([.sample("a", "text")], to: collection, onConflict: .replace)
        try store.buildGraphs(of: collection, memory: 99 << 20)
        #expect(try store.graphs(of: collection).map(\.state) == [.built])
    }

    @Test("A session that the server ends costs no call anything")
    func endedSessions() throws {
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        let connection = try PostgresConnection(location.uri)
        for number in 0..<10 {
            try connection.run(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
            let outcome = try store.write(
                [.sample("\(number)", "text")], to: collection, onConflict: .error)
            #expect(outcome.documents == [.inserted])
        }
        #expect(try store.current(collection).documentCount == 10)
    }

    @Test(
        "A line between pooler and server that is cut costs no call anything, either",
        arguments: WritingOperation.all.filter {
            ["new documents only", "delete by id", "claim units"].contains($0.testDescription)
        })
    func cutLines(_ operation: WritingOperation) throws {
        try CutLineBench(places: 2, isPooled: true).cutOnce(operation)
    }
}
