import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct IngestTests {
    let vdb = Program()

    @Test func theSummary() throws {
        try vdb.write("corpus.jsonl", Program.corpus)
        let first = try vdb.run("ingest", "corpus.jsonl", "--summary", "json")
        #expect(first.status == 0)
        #expect(
            Set(first.object.keys)
                == [
                    "documents", "inserted", "replaced", "moved", "unchanged", "skipped", "failed",
                    "deleted", "truncated", "tokens", "seconds",
                ])
        #expect(first.object.int("documents") == 4 && first.object.int("inserted") == 4)
        #expect((first.object.int("tokens") ?? 0) > 40)
        // The same object is the last line on standard error.
        #expect(first.errorLines.last == first.lines.first)
        let second = try vdb.run("ingest", "corpus.jsonl")
        #expect(second.output.isEmpty)
        let summary = Program.object(second.errorLines.last ?? "")
        #expect(summary.int("unchanged") == 4 && summary.int("tokens") == 0)
    }

    @Test func acknowledgementsCountUp() throws {
        try vdb.write("corpus.jsonl", Program.corpus)
        let result = try vdb.run("ingest", "corpus.jsonl", "--acknowledge", "--batch-size", "1")
        let counts = result.objects.compactMap { $0.int("acknowledged") }
        #expect(counts.last == 4 && counts == counts.sorted() && counts.count == result.lines.count)
    }

    @Test func filesOfEveryKindAndFolders() throws {
        try vdb.write("a.tsv", "t1\tA text between tabs.\n")
        try vdb.write("b.csv", "id,text,year\nc1,\"Two\nlines\",1999\n")
        try vdb.write("notes/one.md", "# Heading one\n\nWords.\n")
        try vdb.write("notes/deep/two.txt", "More words.\n")
        try vdb.write("notes/.hidden.md", "Not this.\n")
        try vdb.write("notes/picture.png", "nor this")
        let result = try vdb.run("ingest", "a.tsv", "b.csv", "notes")
        #expect(result.status == 0)
        #expect(result.errors.contains("1 file skipped: unrecognized extension"))
        let list = try vdb.run("list", "--format", "json").objects
        #expect(
            list.compactMap { $0.string("id") }
                == ["c1", "notes/deep/two.txt", "notes/one.md", "t1"])
        #expect(list.map { $0.string("title") } == ["", "two", "Heading one", ""])
        #expect((list[0]["metadata"] as? [String: Any])?.int("year") == 1999)
    }

    @Test func standardInputAndCompression() throws {
        #expect(try vdb.run("ingest", "-", "--quiet", input: Program.corpus).status == 0)
        try vdb.write("more.jsonl", "{\"_id\":\"x\",\"text\":\"packed\"}\n")
        for tool in ["gzip", "zstd"] {
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-c", "\(tool) -q -c more.jsonl > more.\(tool)"]
            shell.currentDirectoryURL = URL(fileURLWithPath: vdb.folder)
            try shell.start()
            shell.waitUntilExit()
            // Without the tool there is nothing to read; the readers' own tests cover both formats.
            guard shell.terminationStatus == 0 else { continue }
            let result = try vdb.run("ingest", "more.\(tool)", "--summary", "json")
            #expect(result.object.int("documents") == 1, "\(tool): \(result.errors)")
        }
    }

    @Test func badLinesStopOrAreSkipped() throws {
        try vdb.write(
            "bad.jsonl", Program.corpus + "{\"_id\": \"x\"\n{\"_id\":\"y\",\"text\":\"fine\"}\n")
        try vdb.fails(65, "bad.jsonl:5: ", "ingest", "bad.jsonl")
        let result = try vdb.run(
            "ingest", "bad.jsonl", "--on-error", "skip", "--summary", "json")
        #expect(result.status == 0)
        #expect(result.object.int("failed") == 1 && result.object.int("documents") == 6)
        #expect(result.errors.contains("bad.jsonl:5: "))
    }

    @Test func conflicts() throws {
        try vdb.ingestCorpus()
        try vdb.write("new.jsonl", "{\"_id\":\"tides\",\"text\":\"Changed.\"}\n")
        let skipped = try vdb.run(
            "ingest", "new.jsonl", "--on-conflict", "skip", "--summary", "json")
        #expect(skipped.object.int("skipped") == 1)
        try vdb.fails(65, "'tides'", "ingest", "new.jsonl", "--on-conflict", "error")
        let replaced = try vdb.run("ingest", "new.jsonl", "--summary", "json")
        #expect(replaced.object.int("replaced") == 1)
        #expect(try vdb.run("get", "tides", "--format", "json").object.string("text") == "Changed.")
    }

    @Test func synchronising() throws {
        for name in ["a", "b", "c"] { try vdb.write("n/\(name).txt", "About \(name).") }
        try vdb.run("ingest", "n", "--quiet")
        try FileManager.default.removeItem(atPath: vdb.path("n/b.txt"))
        let result = try vdb.run("ingest", "n", "--sync", "--summary", "json")
        #expect(result.object.int("deleted") == 1 && result.object.int("unchanged") == 2)
        try vdb.fails(64, "--sync needs files or folders", "ingest", "-", "--sync")
        // A document that moved belongs to the file it is in now.
        let line = "{\"_id\":\"m\",\"text\":\"Moves.\"}\n"
        let other = "{\"_id\":\"o\",\"text\":\"Stays.\"}\n"
        try vdb.write("old.jsonl", line + other)
        try vdb.run("ingest", "old.jsonl", "--quiet")
        try vdb.write("new.jsonl", line)
        try vdb.run("ingest", "new.jsonl", "--quiet")
        // A line that is damaged is not one that is gone.
        try vdb.write("old.jsonl", "{\"_id\":\"o\",\"text\n")
        let damaged = try vdb.run(
            "ingest", "old.jsonl", "--sync", "--on-error", "skip", "--summary", "json")
        #expect(damaged.object.int("deleted") == 0 && damaged.object.int("failed") == 1)
        try vdb.write("old.jsonl", "")
        try vdb.fails(65, "--max-delete", "ingest", "old.jsonl", "--sync")
        let emptied = try vdb.run(
            "ingest", "old.jsonl", "--sync", "--max-delete", "1", "--summary", "json")
        #expect(emptied.object.int("deleted") == 1)
        #expect(try vdb.run("get", "m").status == 0)
    }

    @Test func readyMadeVectorsNeedNoModel() throws {
        let rows = (0..<3).map { "{\"_id\":\"v\($0)\",\"text\":\"t\",\"vector\":[\($0),1]}\n" }
        try vdb.write("v.jsonl", rows.joined())
        let result = try vdb.run("ingest", "v.jsonl", "--metric", "l2", "--summary", "json")
        #expect(result.object.int("inserted") == 3 && result.object.int("tokens") == 0)
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats.int("dimensions") == 2 && stats.string("metric") == "l2")
        #expect(stats["model"] is NSNull)
        let answer = try vdb.run("query", "--vector", "[2,1]", "--format", "json").object
        #expect(answer.hitIDs == ["v2", "v1", "v0"])
        #expect((answer.list("hits")[0]["score"] as? Double) == 0)
        try vdb.write("w.jsonl", "{\"_id\":\"w\",\"text\":\"t\",\"vector\":[1,2,3]}\n")
        try vdb.fails(65, "has 3 dimensions, but 2 are needed", "ingest", "w.jsonl")
        try vdb.fails(65, "metric l2", "ingest", "v.jsonl", "--metric", "ip")
    }

    @Test func aDocumentInSeveralPassagesIsOneHit() throws {
        let filler = (0..<60).map { "Sentence \($0) is about nothing in particular. " }.joined()
        try vdb.write(
            "long.txt", filler + "\n\nThe moon pulls the oceans into two bulges.\n\n" + filler)
        try vdb.run("ingest", "long.txt", "--quiet", "--chunk-tokens", "40")
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats.int("documents") == 1 && (stats.int("passages") ?? 0) > 10)
        let hits = try vdb.run("query", "moon oceans bulges", "--format", "json").object.list(
            "hits")
        #expect(hits.count == 1)
        #expect(hits.first?.string("text")?.contains("The moon pulls") == true)
        #expect((hits.first?.string("text")?.count ?? 0) < 600)
    }

    @Test func usageErrors() throws {
        try vdb.fails(64, "Missing expected argument", "ingest")
        try vdb.fails(64, "--batch-size must be between 1 and", "ingest", "x", "--batch-size", "0")
        try vdb.fails(64, "nonsense", "ingest", "x", "--format", "nonsense")
        try vdb.fails(66, "there is no such file or folder", "ingest", "nowhere.jsonl")
        try vdb.fails(
            66, "no such model", "ingest", "-", "--model", "nowhere", input: Program.corpus
        )
        try vdb.write("c.csv", "id,body\n1,a\n")
        try vdb.fails(65, "c.csv:1: there is no column 'text'", "ingest", "c.csv")
        try vdb.fails(
            73, "cannot be created", "ingest", "c.csv", "--text-field", "body", "--db",
            "no/such/folder/x.vdb")
    }

    @Test func aSignalStopsAndLosesNothing() throws {
        let input = Pipe.uninherited()
        let output = Pipe.uninherited()
        let process = try vdb.start(
            ["ingest", "-", "--format", "jsonl", "--acknowledge"], input: input, output: output,
            errors: FileHandle.nullDevice)
        input.fileHandleForWriting.write(Data(Program.corpus.utf8))
        // Acknowledged although the input is still open.
        var seen = ""
        while !seen.contains("\"acknowledged\": 4") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            seen += String(decoding: data, as: UTF8.self)
        }
        #expect(seen.contains("\"acknowledged\": 4"))
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        try input.fileHandleForWriting.close()
        #expect(try vdb.run("stats", "--format", "json").object.int("documents") == 4)
        #expect(try vdb.run("check").status == 0)
    }

    @Test func aSecondWriterIsToldToTryAgain() throws {
        let input = Pipe.uninherited()
        let output = Pipe.uninherited()
        let first = try vdb.start(
            ["ingest", "-", "--format", "jsonl", "--acknowledge"], input: input, output: output,
            errors: FileHandle.nullDevice)
        input.fileHandleForWriting.write(Data(Program.corpus.utf8))
        _ = output.fileHandleForReading.availableData
        try vdb.fails(75, "process \(first.processIdentifier)", "delete", "tides")
        // Readers do not mind.
        #expect(try vdb.run("query", "moon", "--mode", "lexical", "--quiet").status == 0)
        try input.fileHandleForWriting.close()
        first.waitUntilExit()
        #expect(first.terminationStatus == 0)
    }
}
