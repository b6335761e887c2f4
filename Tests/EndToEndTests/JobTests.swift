import Foundation
import PostgresStore
import PostgresTestSupport
import TestSupport
import Testing

/// Several processes that share one ingest through PostgreSQL.
@Suite(.needsServer)
struct JobTests {
    private let program = Program()
    private let uri: String

    init() throws { uri = try TestServer.database() }

    /// Files that are cut and files that are not, with ids and without, and with what cannot be read.
    private func writeCorpus() throws {
        func text(_ seed: Int) -> String {
            (0..<(10 + seed % 40)).map { "word\((seed * 7919 + $0 * 104_729) % 613)" }
                .joined(separator: " ")
        }
        let lines = (0..<1500).map { number in
            number % 3 == 0
                ? #"{"text":"\#(text(number))","n":\#(number)}"#
                : #"{"_id":"j\#(number)","title":"T\#(number)","text":"\#(text(number))"}"#
        }
        try program.write(
            "corpus/long.jsonl", (lines + ["", "no JSON", lines[0]]).joined(separator: "\r\n"))
        try program.write(
            "corpus/deep/table.tsv",
            (0..<800).map { "t\($0)\t\(text($0 + 5000))\n" }.joined())
        for number in 0..<30 {
            try program.write("corpus/notes/\(number).md", "# Note \(number)\n\n\(text(number))\n")
        }
        try program.write("corpus/empty.txt", "")
    }

    private func arguments(_ collection: String, _ more: [String] = []) -> [String] {
        [
            "ingest", "corpus", "--db", uri, "--collection", collection, "--places", "2",
            "--threads", "1", "--batch-size", "64",
        ] + more
    }

    private var job: [String] { ["--job", "j", "--unit-size", "16KiB", "--acknowledge"] }

    /// Starts a worker and waits until it has acknowledged something.
    private func start() throws -> Process {
        let output = Pipe.uninherited()
        let process = try program.start(
            arguments("many", job + ["--quiet"]), input: FileHandle.nullDevice, output: output,
            errors: FileHandle.nullDevice)
        let first = output.fileHandleForReading.availableData
        #expect(String(decoding: first, as: UTF8.self).hasPrefix(#"{"acknowledged": "#))
        // Whatever else it says must not stop it.
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        return process
    }

    private func query(_ sql: String) throws -> [[String]] {
        let result = try PostgresConnection(uri).run(sql)
        return try result.rows.map { row in
            try (0..<result.columns).map { try row.optionalText($0) ?? "" }
        }
    }

    /// What is stored of all documents, apart from keys.
    private func stored(_ collection: String) throws -> [[String]] {
        let id = try query("SELECT id::text FROM vdb.collection WHERE name = '\(collection)'")[0][0]
        return try query(
            """
            SELECT d.id::text, title, metadata::text, source::text, source_position::text,
                encode(content_hash, 'hex'), (SELECT string_agg(
                    p.ordinal || ' ' || p.text_start || ' ' || encode(p.text, 'hex'), ',' ORDER BY ordinal)
                    FROM vdb.passage_\(id) AS p WHERE p.place = d.place AND p.document = d.key)
            FROM vdb.document_\(id) AS d ORDER BY d.id
            """)
    }

    @Test("Workers that are killed and stopped store what one process stores, once")
    func killedWorkers() async throws {
        try writeCorpus()
        let alone = try program.run(arguments("one", ["--summary", "json"]))
        #expect(alone.status == 0, "\(alone.errors)")
        let killed = try start()
        kill(killed.processIdentifier, SIGKILL)
        killed.waitUntilExit()
        let stopped = try start()
        kill(stopped.processIdentifier, SIGSTOP)
        let before = try program.run(
            "stats", "--db", uri, "--collection", "many", "--format", "json")
        let progress = try #require((before.object["jobs"] as? [[String: Any]])?.first)
        #expect(progress.string("job") == "j")
        let (taken, open) = (progress.int("taken") ?? 0, progress.int("open") ?? 0)
        #expect(taken >= 2)
        #expect(open > 0)
        let workers = try #require(progress["workers"] as? [[String: Any]])
        #expect(
            workers.contains {
                $0.string("worker")?.hasSuffix(":\(stopped.processIdentifier)") == true
            })
        // As if a minute had passed.
        try PostgresConnection(uri).run(
            "UPDATE vdb.work SET lease_until = now() - interval '1 s' WHERE state = 'taken'")
        let others = try await withThrowingTaskGroup(of: Program.Result.self) { group in
            for _ in 0..<2 {
                group.addTask { try program.run(arguments("many", job + ["--summary", "json"])) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for other in others {
            #expect(other.status == 0, "\(other.errors)")
            #expect(other.errors.contains("job 'j' is done: "))
        }
        kill(stopped.processIdentifier, SIGCONT)
        stopped.waitUntilExit()
        #expect(stopped.terminationStatus == 0)
        let expected = try stored("one")
        #expect(expected.count == 2331)
        let many = try stored("many")
        #expect(many == expected)
        let statistics = try ["one", "many"].map {
            try program.run("stats", "--db", uri, "--collection", $0, "--format", "json").object
        }
        for key in ["documents", "passages", "dimensions"] {
            #expect(statistics[0].int(key) == statistics[1].int(key), "\(key)")
        }
        let done = try #require((statistics[1]["jobs"] as? [[String: Any]])?.first)
        for state in ["open", "taken", "failed"] { #expect(done.int(state) == 0, "\(state)") }
        #expect(done.int("documents") == expected.count)
        // The line that is no JSON.
        #expect(done.int("failed_documents") == 1)
        let check = try program.run("check", "--db", uri)
        #expect(!check.output.contains("many"), "\(check.output)")
        // Nothing is left to do.
        let again = try program.run(arguments("many", job + ["--summary", "json"]))
        #expect(again.status == 0)
        // Of a worker without a unit.
        #expect(again.object.int("documents") == 0)
    }

    @Test("Whoever has other files or options is refused, and so is a file of SQLite")
    func refusals() throws {
        try program.write("corpus/a.jsonl", #"{"_id":"a","text":"one"}"# + "\n")
        try program.write("corpus/b.txt", "two")
        let first = try program.run(arguments("c", ["--job", "j"]))
        #expect(first.status == 0, "\(first.errors)")
        try program.fails(
            65, "registered with other options: chunks", "ingest", "corpus", "--db", uri,
            "--collection", "c", "--job", "j", "--chunk-tokens", "64")
        try program.write("corpus/b.txt", "too")
        try program.fails(
            65, "corpus/b.txt: is not the file with which job 'j' was registered", "ingest",
            "corpus", "--db", uri, "--collection", "c", "--job", "j")
        try program.write("corpus/b.txt", "two")
        try program.write("corpus/c.txt", "three")
        try program.fails(
            65, "c.txt: is not among the files", "ingest", "corpus", "--db", uri, "--collection",
            "c", "--job", "j")
        try FileManager.default.removeItem(atPath: program.path("corpus/c.txt"))
        try FileManager.default.removeItem(atPath: program.path("corpus/b.txt"))
        try program.fails(
            65, "b.txt: is missing here", "ingest", "corpus", "--db", uri, "--collection", "c",
            "--job", "j")
        try program.fails(
            64, "--job needs a database in PostgreSQL", "ingest", "corpus", "--job", "j")
        for (option, message) in [
            ("--watch", "--job and --watch exclude each other"),
            ("--dry-run", "--job and --dry-run exclude each other"),
        ] {
            try program.fails(
                64, message, "ingest", "corpus", "--db", uri, "--job", "j", option)
        }
        try program.fails(64, "--unit-size needs --job", "ingest", "corpus", "--unit-size", "1MiB")
    }

    @Test("A unit that fails is named, the others are stored, and it is tried again on request")
    func failedUnits() throws {
        try program.write("corpus/a.jsonl", #"{"_id":"a","text":"one"}"# + "\n")
        try program.write(
            "corpus/b.jsonl", #"{"_id":"b","text":"two"}"# + "\nno JSON\n")
        try program.write("corpus/c.txt", "three")
        let more = ["--job", "j", "--on-error", "stop"]
        func attempts() throws -> [[String]] {
            try query(
                "SELECT path, state, attempt::text, documents::text FROM vdb.work ORDER BY unit")
        }
        let first = try program.run(arguments("c", more))
        #expect(first.status == 65)
        #expect(first.errors.contains("corpus/b.jsonl:2: "), "\(first.errors)")
        #expect(first.errors.contains("job 'j': 1 unit of 3 failed"), "\(first.errors)")
        let found = try attempts()
        // Units given back with one that failed were taken again.
        let outcomes: [String] = found.map { row in "\(row[0]) \(row[1]) \(row[3])" }
        #expect(outcomes == ["a.jsonl done 1", "b.jsonl failed 1", "c.txt done 1"])
        let again = try program.run(arguments("c", more))
        #expect(again.status == 65)
        let unchanged = try attempts()
        #expect(unchanged == found)
        let retried = try program.run(arguments("c", more + ["--retry-failed"]))
        #expect(retried.status == 65)
        let last = try attempts()[1][2]
        #expect(last != found[1][2])
        let stats = try program.run("stats", "--db", uri, "--collection", "c")
        #expect(stats.output.contains("2 done, 1 failed; 3 documents"), "\(stats.output)")
    }
}
