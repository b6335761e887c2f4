import Foundation
import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// `vdb reindex --model` on a database in PostgreSQL by several processes, one of which is killed.
@Suite(.needsServer)
struct PostgresReindexTests {
    private static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../TrainingTests/Fixtures/tiny").standardizedFileURL.path

    private let vdb = Program()
    private let uri: String

    init() throws { uri = try TestServer.database() }

    private func write(_ name: String, _ numbers: Range<Int>) throws {
        try vdb.write(
            name,
            numbers.map {
                #"{"_id":"d\#($0)","text":"tides and wings \#($0) of \#($0 % 17)","vector":[1,\#($0)]}"#
                    + "\n"
            }.joined())
    }

    @Test("A killed process is followed by others, which take in what came meanwhile")
    func killed() throws {
        try write("corpus.jsonl", 0..<8000)
        try write("more.jsonl", 8000..<8100)
        for (place, more) in [(uri, ["--places", "2"]), ("file.vdb", [])] {
            let result = try vdb.run(
                ["ingest", "corpus.jsonl", "--db", place, "--quiet"] + more)
            #expect(result.status == 0, "\(result.errors)")
        }
        let connection = try PostgresConnection(uri)
        func count(_ state: String) throws -> Int64 {
            try connection.run(
                "SELECT count(*) FROM vdb.work WHERE state = $1", [.text(state)])[0].integer(0)
        }
        func start() throws -> Process {
            try vdb.start(
                ["reindex", "--model", Self.model, "--db", uri, "--quiet", "--threads", "1"],
                input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: FileHandle.standardError)
        }
        let first = try start()
        while try count("taken") == 0, first.isRunning { usleep(2000) }
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        let stats = try vdb.run("stats", "--db", uri, "--format", "json")
        let job = try #require((stats.object["jobs"] as? [[String: Any]])?.first)
        #expect(job.string("job") == "reindex, generation 2" && (job.int("open") ?? 0) > 0)
        // The old vectors still answer.
        let query = ["query", "--vector", "[1,5]", "--db", uri, "--format", "trec"]
        let old = try vdb.run(query)
        #expect(old.status == 0 && old.lines.count == 10, "\(old.errors)")
        // As if a minute had passed.
        try connection.run("UPDATE vdb.work SET lease_until = now() WHERE state = 'taken'")
        let others = try (0..<2).map { _ in try start() }
        let more = try vdb.run("ingest", "more.jsonl", "--db", uri, "--quiet")
        // It came in time, or found the new model.
        #expect([0, 65].contains(more.status), "\(more.errors)")
        for other in others {
            other.waitUntilExit()
            #expect(other.terminationStatus == 0)
        }
        if more.status == 0 {
            #expect(try vdb.run("ingest", "more.jsonl", "--db", "file.vdb", "-q").status == 0)
        }
        let reference = try vdb.run("reindex", "--model", Self.model, "--db", "file.vdb", "--quiet")
        #expect(reference.status == 0, "\(reference.errors)")
        let exports = try [uri, "file.vdb"].map { try vdb.run("export", "--vectors", "--db", $0) }
        #expect(exports[0].status == 0 && exports[0].output == exports[1].output)
        let check = try vdb.run("check", "--db", uri)
        #expect(check.status == 0, "\(check.output)")
        let units = try ["taken", "open", "done", "failed"].map { try count($0) }
        #expect(units == [0, 0, 0, 0])
    }
}
