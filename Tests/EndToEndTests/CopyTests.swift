import Foundation
import TestSupport
import Testing

/// `vdb copy`: the same documents in another database.
@Suite struct CopyTests {
    let vdb = Program()

    /// Everything that an export has, in the order of ids.
    private func content(_ database: String, _ collection: String) throws -> String {
        let result = try vdb.run(
            "export", "--vectors", "--db", database, "--collection", collection)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    private func answer(_ database: String) throws -> String {
        let result = try vdb.run("query", "what raises dough", "--db", database, "--format", "json")
        #expect(result.status == 0, "\(result.errors)")
        return String(describing: result.object.list("hits").map { "\($0["id"]!) \($0["score"]!)" })
    }

    @Test("All collections, with equal content, answers and settings")
    func all() throws {
        try vdb.ingestCorpus()
        try vdb.write("long.txt", String(repeating: "Sourdough rises slowly. ", count: 400))
        try vdb.run("ingest", "long.txt", "--collection", "日本", "-q")
        try vdb.run("index-field", "year")
        let result = try vdb.run("copy", "--to", "copy.vdb")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("copy.vdb: 'default': 4 documents copied, 0 unchanged"))
        for name in ["default", "日本"] {
            #expect(try content("copy.vdb", name) == content("corpus.vdb", name))
        }
        #expect(try answer("copy.vdb") == answer("corpus.vdb"))
        #expect(try vdb.run("check", "--db", "copy.vdb").status == 0)
        let statistics = try vdb.run("stats", "--db", "copy.vdb", "--format", "json").output
        #expect(statistics.contains("\"year\""), "\(statistics)")
        // The documents are known by their content: what made them finds nothing to do.
        let again = try vdb.run("ingest", "corpus.jsonl", "--db", "copy.vdb")
        #expect(again.errors.contains("\"unchanged\":4"), "\(again)")
    }

    @Test("A second copy writes what has changed, and deletes nothing")
    func again() throws {
        try vdb.ingestCorpus()
        try vdb.run("copy", "--to", "copy.vdb", "-q")
        try vdb.run("delete", "tides")
        try vdb.run("update", "bread", "--set", "year=1999")
        let result = try vdb.run("copy", "--to", "copy.vdb")
        #expect(result.errors.contains("1 document copied, 2 unchanged"), "\(result.errors)")
        let copied = try vdb.run("get", "bread", "--db", "copy.vdb", "--format", "json").output
        #expect(copied.contains("1999"), "\(copied)")
        #expect(try vdb.run("count", "--db", "copy.vdb").output.contains("4"))
    }

    @Test("What was copied before an interruption stays, and the same command goes on")
    func interrupted() throws {
        let records = (0..<3000).map {
            "{\"id\": \"n\($0)\", \"text\": \"note \($0)\", \"vector\": [\($0), 1]}"
        }
        try vdb.write("vectors.jsonl", records.joined(separator: "\n"))
        let ingested = try vdb.run("ingest", "vectors.jsonl", "-q")
        #expect(ingested.status == 0, "\(ingested.errors)")
        var random = RandomSource(seed: RandomSource.seed(11))
        let process = try vdb.start(
            ["copy", "--to", "copy.vdb"], input: FileHandle.nullDevice,
            output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
        // Whenever it is killed, what was committed is whole.
        usleep(UInt32.random(in: 20_000...400_000, using: &random))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let result = try vdb.run("copy", "--to", "copy.vdb")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try content("copy.vdb", "default") == content("corpus.vdb", "default"))
        #expect(try vdb.run("check", "--db", "copy.vdb").status == 0)
    }

    @Test("A destination with other vectors, and a missing collection, are refused")
    func refused() throws {
        try vdb.ingestCorpus()
        try vdb.fails(
            66, "there is no collection 'none'", "copy", "--to", "x.vdb", "--collection", "none")
        #expect(!FileManager.default.fileExists(atPath: vdb.path("x.vdb")))
        try vdb.fails(66, "there is no database here", "copy", "--db", "none.vdb", "--to", "x.vdb")
        try vdb.write("vectors.jsonl", "{\"id\": \"a\", \"text\": \"a\", \"vector\": [1, 2]}")
        try vdb.run("ingest", "vectors.jsonl", "--db", "other.vdb", "-q")
        let before = try content("other.vdb", "default")
        try vdb.fails(65, "2 are needed", "copy", "--to", "other.vdb")
        #expect(try content("other.vdb", "default") == before)
    }
}
