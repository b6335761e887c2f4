import Foundation
import TestSupport
import Testing

/// Collections by name: listed, dropped, renamed and copied.
@Suite(.serialized) struct CollectionsTests {
    let vdb = Program()

    private func names() throws -> [String] {
        try vdb.run("collections", "--format", "json").objects.compactMap {
            $0.string("collection")
        }
    }

    private func ids(_ collection: String, _ arguments: String...) throws -> [String] {
        try vdb.run(["list", "--collection", collection, "--format", "json"] + arguments).objects
            .compactMap { $0.string("id") }
    }

    private func hits(_ collection: String) throws -> String {
        let answer = try vdb.run(
            "query", "what raises dough", "--collection", collection, "--format", "json")
        #expect(answer.status == 0, "\(answer.errors)")
        return String(describing: answer.object.list("hits").map { "\($0["id"]!) \($0["score"]!)" })
    }

    @Test func listed() throws {
        try vdb.ingestCorpus()
        try vdb.run("ingest", "corpus.jsonl", "--collection", "日本", "-q")
        let objects = try vdb.run("collections", "list", "--format", "json").objects
        #expect(objects.map { $0.string("collection") } == ["default", "日本"])
        #expect(objects.allSatisfy { $0.int("documents") == 4 && $0.int("dimensions") == 384 })
        let table = try vdb.run("collections")
        #expect(table.status == 0 && table.lines.count == 3 && table.errors.isEmpty)
        // The names' column is as wide as a terminal shows it.
        #expect(table.lines[2].hasPrefix("日本                4"))
        try vdb.fails(66, "there is no database here", "collections", "--db", "none.vdb")
        try vdb.fails(64, "did you mean 'collections drop'?", "collections", "dorp", "x")
    }

    @Test func dropped() throws {
        try vdb.ingestCorpus()
        try vdb.run("ingest", "corpus.jsonl", "--collection", "other", "-q")
        try vdb.fails(64, "needs --yes", "collections", "drop", "other")
        try vdb.fails(66, "there is no collection 'none'", "collections", "drop", "none", "--yes")
        #expect(try names() == ["default", "other"])
        let result = try vdb.run("collections", "drop", "other", "--yes")
        #expect(
            result.status == 0
                && result.errors == "dropped the collection 'other' with 4 documents\n")
        #expect(try names() == ["default"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: vdb.folder)
                .allSatisfy { !$0.contains("-other-") })
        try vdb.fails(66, "'vdb collections' lists them", "list", "--collection", "other")
        #expect(try vdb.run("check").status == 0)
        #expect(try vdb.run("collections", "drop", "default", "-y", "-q").errors.isEmpty)
        let empty = try vdb.run("collections")
        #expect(empty.status == 0 && empty.errors.contains("has no collections"))
        // The name can be used again.
        try vdb.ingestCorpus()
        #expect(try vdb.run("check").status == 0)
    }

    @Test func asksOnATerminal() throws {
        try vdb.ingestCorpus()
        // Its input is not the terminal.
        #expect(
            try vdb.onTerminal(["collections", "drop", "default"]).contains("needs --yes"))
        #expect(try names() == ["default"])
    }

    @Test func renamed() throws {
        try vdb.ingestCorpus()
        try vdb.run("index-field", "year", "-q")
        let before = try hits("default")
        let result = try vdb.run("collections", "rename", "default", "my notes")
        #expect(result.status == 0 && result.errors == "'default' is now 'my notes'\n")
        #expect(try names() == ["my notes"])
        #expect(try hits("my notes") == before)
        // The caches have moved, and are neither missing nor foreign.
        let check = try vdb.run("check", "--format", "json")
        #expect(check.object.list("findings").isEmpty, "\(check.output)")
        #expect(FileManager.default.fileExists(atPath: vdb.path("corpus.vdb-my%20notes-vectors")))
        #expect(!FileManager.default.fileExists(atPath: vdb.path("corpus.vdb-vectors")))
        try vdb.fails(66, "no collection 'default'", "collections", "rename", "default", "x")
        try vdb.ingestCorpus()
        try vdb.fails(
            65, "there is a collection 'default' already; choose another name", "collections",
            "rename", "my notes", "default")
        try vdb.fails(64, "name", "collections", "rename", "default", "")
        #expect(try names() == ["default", "my notes"])
    }

    @Test func copied() throws {
        try vdb.write(
            "long.jsonl",
            #"{"_id":"long","text":"\#(String(repeating: "Many words about dough. ", count: 400))"}"#
                + "\n")
        try vdb.ingestCorpus()
        try vdb.run("ingest", "long.jsonl", "-q")
        try vdb.run("index-field", "year", "-q")
        try vdb.run("delete", "tides", "-q")
        let result = try vdb.run("collections", "copy", "default", "copy")
        #expect(result.status == 0 && result.errors == "copied 4 documents to 'copy'\n")
        #expect(try hits("copy") == hits("default"))
        let first = try vdb.run("export", "--vectors")
        let second = try vdb.run("export", "--vectors", "--collection", "copy")
        #expect(first.lines.count == 5 && first.output == second.output)
        #expect(try ids("copy", "--where", "year = 2019") == ["bread"])
        let statistics = try vdb.run("stats", "--collection", "copy", "--format", "json").object
        #expect(statistics["indexed_fields"] as? [String] == ["year"])
        // Each has its own documents from then on, and knows what is unchanged.
        try vdb.run("delete", "--where", "TRUE", "-q")
        #expect(try ids("copy").count == 4 && ids("default").isEmpty)
        let again = try vdb.run(
            "ingest", "corpus.jsonl", "--collection", "copy", "--summary", "json", "-q"
        ).object
        #expect(again.int("unchanged") == 3 && again.int("inserted") == 1)
        let check = try vdb.run("check")
        #expect(check.status == 0, "\(check.output)")
        try vdb.fails(65, "'copy' already", "collections", "copy", "default", "copy")
    }

    /// A copy that is killed is whole or not there, a drop as well.
    @Test func killed() throws {
        var random = RandomSource(seed: RandomSource.seed(6))
        let rows = (0..<3000).map { number in
            let numbers = (0..<16).map { _ in String(Int.random(in: -9...9, using: &random)) }
            return
                #"{"_id":"\#(number)","text":"text \#(number)","vector":[\#(numbers.joined(separator: ","))]}"#
        }
        try vdb.write("many.jsonl", rows.joined(separator: "\n") + "\n")
        #expect(try vdb.run("ingest", "many.jsonl", "-q").status == 0)
        func kill(_ arguments: [String], after milliseconds: Int) throws {
            let process = try vdb.start(
                arguments, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
                errors: FileHandle.nullDevice)
            usleep(UInt32(milliseconds) * 1000)
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        for round in 0..<6 {
            try kill(
                ["collections", "copy", "default", "copy"],
                after: Int.random(in: 5...400, using: &random))
            if try names().contains("copy") {
                #expect(try ids("copy").count == 3000, "round \(round)")
                try kill(
                    ["collections", "drop", "copy", "--yes"],
                    after: Int.random(in: 5...200, using: &random))
            }
            if try names().contains("copy") {
                #expect(try ids("copy").count == 3000, "round \(round)")
                #expect(try vdb.run("collections", "drop", "copy", "--yes").status == 0)
            }
            #expect(try ids("default").count == 3000, "round \(round)")
            let check = try vdb.run("check")
            #expect(check.status == 0, "round \(round): \(check.output)")
        }
    }

    @Test func aDamagedRowIsNotCopied() throws {
        try vdb.ingestCorpus()
        // A letter of a title changes behind the database's back.
        let path = vdb.path("corpus.vdb")
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(
            data.range(of: Data("Bread{".utf8)) ?? data.range(of: Data("Bread".utf8)))
        data[place.lowerBound] = UInt8(ascii: "D")
        try data.write(to: URL(fileURLWithPath: path))
        let result = try vdb.run("collections", "copy", "default", "copy")
        #expect(result.status == 65 && result.errors.contains("damaged"), "\(result.errors)")
        #expect(try names() == ["default"])
    }
}
