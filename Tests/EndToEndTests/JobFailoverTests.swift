import Foundation
import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// A synchronous standby takes the place of a server that crashes while processes ingest.
@Suite(.needsServer)
struct JobFailoverTests {
    private static let documents = 3000

    /// A process that shares the job, and how far it says to have come.
    private final class Worker {
        let process: Process
        private let output: String

        init(_ vdb: Program, number: Int, database: String) throws {
            let output = vdb.path("worker-\(number)")
            self.output = output
            try Data().write(to: URL(fileURLWithPath: output))
            process = try vdb.start(
                [
                    "ingest", "corpus.jsonl", "--job", "j", "--unit-size", "4KiB", "--batch-size",
                    "5",
                    "--places", "2", "--acknowledge", "--quiet", "--timeout", "300",
                ], input: FileHandle.nullDevice, output: FileHandle(forWritingAtPath: output),
                errors: FileHandle.standardError, environment: ["VDB_DB": database])
        }

        var acknowledged: Int {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            // The last line may not be written to its end.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            return lines.last.flatMap { Program.object(String($0)).int("acknowledged") } ?? 0
        }
    }

    @Test("Processes continue on the standby; every document is acknowledged once and there once")
    func promotion() throws {
        let primary = try TestServer()
        let uri = try primary.newDatabase()
        let name = try #require(uri.split(separator: "?")[0].split(separator: "/").last)
        let standby = try TestServer(standbyOf: primary)
        defer { standby.stop() }
        let settings = try PostgresConnection(primary.uri("postgres"))
        try settings.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try settings.run("SELECT pg_reload_conf()")
        let database =
            "postgres://vdb@/\(name)?host=\(primary.host),\(standby.host)"
            + "&target_session_attrs=read-write&connect_timeout=10"
        let vdb = Program()
        try vdb.write(
            "corpus.jsonl",
            (0..<Self.documents).map {
                #"{"_id":"d\#($0)","text":"word\#($0 % 97)","vector":[1,\#($0)]}"#
            }
            .joined(separator: "\n"))
        let workers = try (0..<2).map { try Worker(vdb, number: $0, database: database) }
        func acknowledged() -> Int { workers.reduce(0) { $0 + $1.acknowledged } }
        while acknowledged() < 200, workers.allSatisfy(\.process.isRunning) { usleep(2000) }
        primary.stop()
        #expect(acknowledged() < Self.documents, "it was too late")
        let administrator = try PostgresConnection(standby.uri("postgres"))
        #expect(try administrator.run("SELECT pg_promote(true, 60)")[0].boolean(0))
        // There is no other standby to wait for.
        try administrator.run("ALTER SYSTEM SET synchronous_standby_names = ''")
        try administrator.run("SELECT pg_reload_conf()")
        for worker in workers {
            worker.process.waitUntilExitOrKill()
            #expect(worker.process.terminationStatus == 0)
        }
        #expect(acknowledged() == Self.documents)
        let stored = try PostgresConnection(standby.uri(String(name))).run(
            """
            SELECT count(*), count(DISTINCT id) FROM vdb.document_1
            """)[0]
        #expect(try stored.integer(0) == Int64(Self.documents))
        #expect(try stored.integer(1) == Int64(Self.documents))
        let check = try vdb.run("check", environment: ["VDB_DB": database])
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }
}
