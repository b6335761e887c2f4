import Foundation
import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// `--job` with `--sync`: what several processes delete, compared with what one does.
@Suite(.needsServer)
struct JobSyncTests {
    private let program = Program()
    private let uri: String

    init() throws { uri = try TestServer.database() }

    private func line(_ number: Int, _ word: String = "text") -> String {
        #"{"_id":"j\#(number)","text":"\#(word) \#(number)","vector":[1,\#(number)]}"# + "\n"
    }

    /// Lines, two files and a folder; and another file beside them.
    private func writeCorpus() throws {
        try program.write("corpus/long.jsonl", (0..<600).map { line($0) }.joined())
        try program.write("corpus/short.jsonl", (600..<610).map { line($0) }.joined())
        try program.write("corpus/gone/a.jsonl", (610..<620).map { line($0) }.joined())
        try program.write("corpus/broken.jsonl", (620..<630).map { line($0) }.joined())
        try program.write("other.jsonl", (700..<705).map { line($0) }.joined())
    }

    /// Lines and files go, others come, one changes, one cannot be read to its end.
    private func changeCorpus() throws {
        try program.write(
            "corpus/long.jsonl",
            (0..<600).filter { $0 % 5 != 1 }.map { line($0, $0 == 7 ? "changed" : "text") }.joined()
        )
        try FileManager.default.removeItem(atPath: program.path("corpus/gone"))
        try program.write("corpus/new.jsonl", (800..<805).map { line($0) }.joined())
        try program.write("corpus/broken.jsonl", line(620) + "no JSON\n")
    }

    private func ingest(_ collection: String, _ more: String...) throws -> Program.Result {
        try program.run(
            ["ingest", "corpus", "--db", uri, "--collection", collection, "--summary", "json"]
                + more)
    }

    private func stored(_ collection: String) throws -> [String] {
        try program.run(
            "export", "--db", uri, "--collection", collection, "--vectors"
        ).lines.dropFirst().map { $0 }
    }

    private func fill(_ collections: String...) throws {
        for collection in collections {
            for path in ["corpus", "other.jsonl"] {
                let result = try program.run(
                    "ingest", path, "--db", uri, "--collection", collection, "--places", "2",
                    "--quiet")
                #expect(result.status == 0, "\(result.errors)")
            }
        }
    }

    private let job = ["--job", "j", "--unit-size", "4KiB", "--sync"]

    @Test("Several workers delete together what one process deletes")
    func together() async throws {
        try writeCorpus()
        try fill("one", "many")
        try changeCorpus()
        let alone = try ingest("one", "--sync")
        #expect(alone.status == 0, "\(alone.errors)")
        // Of the file that cannot be read to its end nothing is deleted.
        #expect(alone.object.int("deleted") == 130)
        let workers = try await withThrowingTaskGroup(of: Program.Result.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try program.run(
                        [
                            "ingest", "corpus", "--db", uri, "--collection", "many", "--batch-size",
                            "16",
                        ]
                            + ["--summary", "json"] + job)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for worker in workers { #expect(worker.status == 0, "\(worker.errors)") }
        let deleted: [Int] = workers.map { $0.object.int("deleted") ?? 0 }.sorted()
        #expect(deleted == [0, 0, 130])
        let expected = try stored("one")
        #expect(try stored("many") == expected)
        #expect(expected.count == 510)
        // Whoever comes late finds it done.
        let late = try ingest(
            "many", "--job", "j", "--unit-size", "4KiB", "--batch-size", "16", "--sync")
        #expect(late.status == 0 && late.object.int("deleted") == 0, "\(late.errors)")
    }

    @Test("Nothing is deleted while a unit has failed, or if it is more than may be")
    func refusals() throws {
        try writeCorpus()
        try fill("c")
        let before = try stored("c")
        try program.write("corpus/short.jsonl", line(600))
        try program.write("corpus/broken.jsonl", line(620) + "no JSON\n")
        let failed = try ingest("c", "--job", "j", "--sync", "--on-error", "stop")
        #expect(
            failed.status == 65 && failed.errors.contains("1 unit of 4 failed"), "\(failed.errors)")
        #expect(try stored("c") == before)
        try program.write("corpus/broken.jsonl", (620..<630).map { line($0) }.joined())
        let many = try ingest("c", "--job", "k", "--sync", "--max-delete", "8")
        #expect(many.status == 65 && many.errors.contains("9 "), "\(many.errors)")
        #expect(try stored("c") == before)
        // A worker that died while it deleted.
        try PostgresConnection(uri).run(
            """
            UPDATE vdb.work SET state = 'taken', attempt = attempt + 1, worker = 'dead',
                lease_until = now() - interval '1 s' WHERE unit = 'deletions'
            """)
        let done = try ingest("c", "--job", "k", "--sync", "--max-delete", "9")
        #expect(done.status == 0 && done.object.int("deleted") == 9, "\(done.errors)")
        #expect(try stored("c").count == before.count - 9)
        let other = try ingest("c", "--job", "k", "--sync", "--watch")
        #expect(other.status == 64)
    }
}
