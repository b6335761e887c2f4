import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct DatabaseTests {
    let vdb = Program()

    init() throws { try vdb.ingestCorpus() }

    @Test func getAndList() throws {
        let documents = try vdb.run("get", "tides", "onions", "--format", "json").objects
        #expect(documents.map { $0.string("id") } == ["tides", "onions"])
        #expect((documents[0]["metadata"] as? [String: Any])?.int("year") == 2021)
        try vdb.fails(66, "no document 'none'", "get", "none")
        let page = try vdb.run("list", "--limit", "2", "--after", "apples").lines
        #expect(
            page == [
                "bread\tBread", "onions\tCutting an onion frees a gas that makes the eyes water.",
            ])
    }

    /// A relative path is never read as a URI or as a name of no file.
    @Test(arguments: ["file:x.vdb", ":memory:", "file:x.vdb?mode=ro", "-"])
    func anyNameIsAName(name: String) throws {
        #expect(try vdb.run("ingest", "corpus.jsonl", "--db=\(name)", "--quiet").status == 0)
        #expect(try vdb.run("list", "--db=\(name)").lines.count == 4)
        #expect(try vdb.run("backup", "file:y.vdb", "--db=\(name)").status == 0)
        #expect(try vdb.run("list", "--db=file:y.vdb").lines.count == 4)
        let names = try FileManager.default.contentsOfDirectory(atPath: vdb.folder)
        #expect(names.contains(name) && names.contains("file:y.vdb"))
        #expect(!names.contains("x.vdb") && !names.contains("y.vdb"))
    }

    @Test(arguments: [".", "./", "folder", "folder/"]) func aFolderIsNoDatabase(path: String) throws
    {
        try FileManager.default.createDirectory(
            atPath: vdb.path("folder"), withIntermediateDirectories: true)
        for arguments in [["ingest", "corpus.jsonl"], ["list"], ["query", "water"]] {
            let result = try vdb.run(arguments + ["--db", path])
            #expect(result.status == 65 && result.errors.contains("is a folder"))
        }
    }

    @Test func deleting() throws {
        #expect(try vdb.run("delete", "tides", "--format", "json").object.int("deleted") == 1)
        try vdb.fails2(66, "no document 'tides'", "delete", "tides")
        let rest = try vdb.run("delete", "--where", "lang = 'en'", "--format", "json")
        #expect(rest.object.int("deleted") == 2)
        #expect(try vdb.run("list").lines == ["apples\tApples"])
        try vdb.fails(64, "pass either ids or --where", "delete")
        #expect(try vdb.run("check").status == 0)
    }

    /// Two copies of one database that went on apart have one identity and the same log position.
    @Test func vectorsFileOfACopyThatWentOnApart() throws {
        #expect(try vdb.run("backup", "copy.vdb").status == 0)
        try vdb.write("here.jsonl", #"{"_id":"new","text":"The boats wait for high water."}"#)
        try vdb.write("there.jsonl", #"{"_id":"new","text":"Yeast makes the dough rise."}"#)
        #expect(try vdb.run("ingest", "here.jsonl").status == 0)
        #expect(try vdb.run("ingest", "there.jsonl", "--db", "copy.vdb").status == 0)
        let query = ["query", "water", "--mode", "dense", "--format", "trec"]
        let before = try vdb.run(query[0], query[1], query[2], query[3], query[4], query[5])
        #expect(before.lines.count == 5)
        let own = vdb.path("corpus.vdb-vectors")
        try FileManager.default.removeItem(atPath: own)
        try FileManager.default.copyItem(atPath: vdb.path("copy.vdb-vectors"), toPath: own)
        let after = try vdb.run(query[0], query[1], query[2], query[3], query[4], query[5])
        #expect(after.output == before.output)
        let check = try vdb.run("check")
        #expect(check.status == 0 && check.output.contains("is not used"), "\(check.output)")
    }

    /// The vectors file has checksums and the database's pages have none: where they differ, the
    /// database is at fault, and --repair must not copy the damage into the good file.
    @Test func damagedVectorInTheDatabase() throws {
        let vector: [Float] = [0.8125, -0.34375, 0.46875, 0.15625]
        try vdb.write(
            "vectors.jsonl", "{\"_id\":\"v\",\"text\":\"v\",\"vector\":\(vector)}\n")
        #expect(try vdb.run("ingest", "vectors.jsonl", "--db", "v.vdb").status == 0)
        let url = URL(fileURLWithPath: vdb.path("v.vdb"))
        var bytes = try Data(contentsOf: url)
        let place = try #require(bytes.range(of: vector.withUnsafeBytes { Data($0) }))
        bytes[place.lowerBound + 1] ^= 1
        try bytes.write(to: url)
        let check = try vdb.run("check", "--db", "v.vdb")
        #expect(check.status == 65 && check.output.contains("has changed since"), "\(check.output)")
        let repair = try vdb.run("check", "--db", "v.vdb", "--repair")
        #expect(repair.status == 65, "\(repair.output)")
    }

    @Test func statistics() throws {
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats.int("documents") == 4 && stats.int("dimensions") == 384)
        let model = stats["model"] as? [String: Any] ?? [:]
        #expect((model.string("fingerprint") ?? "").count == 32)
        #expect(stats["index"] is [String: Any])
        let bytes = stats["bytes"] as? [String: Int] ?? [:]
        #expect(bytes["total"] == bytes.filter { $0.key != "total" }.values.reduce(0, +))
        #expect(try vdb.run("stats").output.contains("documents"))
    }

    @Test func statisticsTellOfNeighborCodes() throws {
        func index() throws -> (object: [String: Any]?, line: String?) {
            let arguments = ["stats", "--collection", "graph"]
            let object = try vdb.run(arguments + ["--format", "json"]).object
            let line = try vdb.run(arguments).lines.first { $0.hasPrefix("index ") }
            return (object["index"] as? [String: Any], line)
        }
        try vdb.ingestGraph("graph", "--neighbor-codes")
        let with = try index()
        #expect(with.object?.string("state") == "graph")
        #expect(with.object?["neighbor_codes"] as? Bool == true)
        #expect(with.line?.hasSuffix(", quantization int8, with neighbor codes") == true)
        let reindexed = try vdb.run("reindex", "--collection", "graph", "--no-neighbor-codes")
        #expect(reindexed.status == 0)
        let without = try index()
        #expect(without.object?.string("state") == "graph")
        #expect(without.object?["neighbor_codes"] as? Bool == false)
        #expect(without.line?.hasSuffix(", quantization int8") == true)
    }

    @Test func theEnvironmentNamesTheDatabase() throws {
        let elsewhere = ["VDB_DB": "other.vdb"]
        try vdb.run("ingest", "corpus.jsonl", "--quiet", environment: elsewhere)
        #expect(FileManager.default.fileExists(atPath: vdb.path("other.vdb")))
        try vdb.run("delete", "tides", environment: elsewhere)
        #expect(try vdb.run("list").lines.count == 4)
    }

    @Test func exportComesBackTheSame() throws {
        #expect(try vdb.run("index-field", "year").status == 0)
        let exported = try vdb.run("export", "--vectors")
        let head = try #require(exported.objects.first)
        #expect(head.int("vdb_export") == 1 && head.string("metric") == "ip")
        #expect((head["model"] as? [String: Any])?.string("fingerprint")?.isEmpty == false)
        #expect(
            exported.objects.dropFirst().allSatisfy { ($0["vector"] as? [Any])?.count == 384 })
        try vdb.write("export.jsonl", exported.output)
        let ingest = try vdb.run(
            "ingest", "export.jsonl", "--db", "copy.vdb", "--quiet", "--summary", "json")
        #expect(ingest.object.int("inserted") == 4 && ingest.object.int("tokens") == 0)
        let again = try vdb.run("export", "--vectors", "--db", "copy.vdb")
        #expect(again.output == exported.output)
        // The copy knows its model, so it can be asked by text.
        for mode in ["dense", "hybrid"] {
            let first = try vdb.run("query", "dough", "--mode", mode, "--format", "json").object
            let second = try vdb.run(
                "query", "dough", "--mode", mode, "--format", "json", "--db", "copy.vdb"
            ).object
            #expect(first.hitIDs == second.hitIDs && first.hitIDs.count == 4)
        }
        // Again: nothing is new. Into vectors of another model: refused.
        let twice = try vdb.run(
            "ingest", "export.jsonl", "--db", "copy.vdb", "--quiet", "--summary", "json")
        #expect(twice.object.int("unchanged") == 4)
        try vdb.writeModel("model")
        let other = try vdb.run(
            "ingest", "corpus.jsonl", "--model", "model", "--db", "other.vdb", "--quiet")
        #expect(other.status == 0)
        try vdb.write(
            "export.jsonl", exported.output.replacingOccurrences(of: "apples", with: "pears"))
        try vdb.fails(65, "was encoded by", "ingest", "export.jsonl", "--db", "other.vdb")
    }

    @Test func anExportKeepsSettingsAndPassages() throws {
        let filler = (0..<60).map { "Sentence \($0) is about nothing in particular. " }.joined()
        try vdb.write("long.md", "# Heading\n\n" + filler + "\n\nThe moon pulls the oceans.\n")
        let made = try vdb.run(
            "ingest", "long.md", "--db", "a.vdb", "--metric", "cosine", "--chunk-tokens", "64",
            "--quiet")
        #expect(made.status == 0)
        #expect(
            try vdb.run("reindex", "--m", "24", "--quantization", "none", "--db", "a.vdb").status
                == 0)
        func statistics(_ database: String) throws -> [String: Any] {
            try vdb.run("stats", "--format", "json", "--db", database).object
        }
        let original = try statistics("a.vdb")
        #expect(original.int("passages") ?? 0 > 3)
        for vectors in [true, false] {
            let exported = try vdb.run(
                ["export", "--db", "a.vdb"] + (vectors ? ["--vectors"] : []))
            let copied = try vdb.run(
                "ingest", "-", "--db", "b\(vectors).vdb", "--summary", "json", "--quiet",
                input: exported.output)
            #expect((copied.object.int("tokens") == 0) == vectors)
            let copy = try statistics("b\(vectors).vdb")
            #expect(copy.int("passages") == original.int("passages"))
            #expect(copy.string("metric") == "cosine")
            #expect((copy["index"] as? [String: Any])?.int("m") == 24)
            let again = try vdb.run(
                ["export", "--db", "b\(vectors).vdb"] + (vectors ? ["--vectors"] : []))
            #expect(again.output == exported.output)
        }
        try vdb.write("later.jsonl", #"{"vdb_export":2,"metric":"ip","dimensions":1}"# + "\n")
        try vdb.fails(65, "later.jsonl:1: is an export of version 2", "ingest", "later.jsonl")
    }

    @Test func theBuiltInModelHasAName() throws {
        try vdb.write("v.jsonl", #"{"_id":"a","text":"tides","vector":[1,0]}"# + "\n")
        try vdb.run("ingest", "v.jsonl", "--db", "v.vdb", "--quiet")
        try vdb.fails(
            65, "(or built-in)", "query", "tides", "--mode", "dense", "--db", "v.vdb", "--model",
            "built-in")
        let reindexed = try vdb.run("reindex", "--model", "built-in", "--db", "v.vdb")
        #expect(reindexed.status == 0, "\(reindexed.errors)")
        let answer = try vdb.run(
            "query", "tides", "--mode", "dense", "--db", "v.vdb", "--format", "json")
        #expect(answer.object.hitIDs == ["a"])
    }

    @Test func backupCompactReindex() throws {
        #expect(try vdb.run("backup", "b.vdb").status == 0)
        try vdb.fails(73, "already exists", "backup", "b.vdb")
        try vdb.fails(73, "none/b.vdb: cannot be created: No such", "backup", "none/b.vdb")
        #expect(try vdb.run("list", "--db", "b.vdb").lines.count == 4)
        #expect(try vdb.run("check", "--db", "b.vdb").status == 0)
        try vdb.run("delete", "tides")
        #expect(try vdb.run("compact").status == 0)
        #expect(try vdb.run("reindex", "--m", "24", "--quantization", "none").status == 0)
        let index = try vdb.run("stats", "--format", "json").object["index"] as? [String: Any]
        #expect(index?.int("m") == 24 && index?.string("quantization") == "none")
        #expect(try vdb.run("query", "moon", "--format", "json").object.hitIDs.count == 3)
    }

    @Test func indexedFields() throws {
        #expect(try vdb.run("index-field", "year").status == 0)
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats["indexed_fields"] as? [String] == ["year"])
        let answer = try vdb.run("query", "gas", "--where", "year > 2020", "--format", "json")
            .object
        #expect(answer.hitIDs.sorted() == ["apples", "tides"])
        #expect(try vdb.run("index-field", "year", "--drop").status == 0)
    }

    @Test func damageIsFound() throws {
        #expect(try vdb.run("check", "--format", "json").object["sound"] as? Bool == true)
        let path = vdb.path("corpus.vdb")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for offset in stride(from: bytes.count / 2, to: bytes.count - 64, by: 512) {
            bytes[offset] ^= 0xFF
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let result = try vdb.run("check")
        #expect(result.status == 65, "\(result.output) \(result.errors)")
    }

    @Test func aReaderThatGoesAwayEndsItQuietly() throws {
        let rows = (0..<3000).map { "{\"_id\":\"\($0)\",\"text\":\"t\",\"vector\":[1,2]}\n" }
        try vdb.write("many.jsonl", rows.joined())
        try vdb.run("ingest", "many.jsonl", "--db", "many.vdb", "--quiet")
        let output = Pipe.uninherited()
        let errors = Pipe.uninherited()
        let process = try vdb.start(
            ["export", "--vectors", "--db", "many.vdb"], input: FileHandle.nullDevice,
            output: output, errors: errors)
        _ = output.fileHandleForReading.readData(ofLength: 10)
        try output.fileHandleForReading.close()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        try errors.fileHandleForWriting.close()
        #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
    }

    @Test func helpHasAnExampleForEachCommand() throws {
        #expect(try vdb.run("--version").lines.count == 1)
        let help = try vdb.run("--help")
        #expect(help.status == 0)
        for command in [
            "ingest", "query", "get", "list", "delete", "export", "stats", "index-field", "check",
            "compact", "backup", "reindex", "embed", "tokenize", "score", "decode", "completions",
        ] {
            #expect(help.output.contains("  \(command)"))
            let text = try vdb.run(command, "--help")
            #expect(text.status == 0 && text.output.contains("Example"), "\(command)")
            #expect(text.output.contains("vdb \(command)"))
        }
        for shell in ["bash", "zsh", "fish"] {
            #expect(try vdb.run("completions", shell).output.contains("ingest"))
        }
        try vdb.fails(64, "did you mean 'query'?", "querry")
    }
}

extension Program {
    /// As `fails`, for a command that says what it has done before.
    func fails2(_ status: Int32, _ message: String, _ arguments: String...) throws {
        let result = try run(arguments[0], arguments[1], "--quiet")
        #expect(result.status == status && result.errors.contains(message), "\(result.errors)")
    }
}
