import Foundation
import TestSupport
import Testing

/// Folders and files that are not all as they should be.
@Suite(.serialized) struct IngestFilesTests {
    let vdb = Program()

    private func ids() throws -> [String] {
        try vdb.run("list", "--format", "json").objects.compactMap { $0.string("id") }
    }

    /// Runs a line of shell, in which `$vdb` is the program: a name that is not UTF-8 can be a
    /// pattern there.
    private func shell(_ line: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = URL(fileURLWithPath: vdb.folder)
        process.environment = ["vdb": Program.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        process.standardError = FileHandle.nullDevice
        try process.start()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func namesThatAreNotUTF8() throws {
        #expect(
            try shell(
                #"mkdir -p n/sub; echo one > "$(printf 'n/caf\351.txt')"; "#
                    + #"echo two > "$(printf 'n/sub/caf\350.txt')"; echo three > n/x.txt"#) == 0)
        let folder = try vdb.run("ingest", "n")
        #expect(folder.status == 0, "\(folder.errors)")
        #expect(try ids() == ["n/caf\\xE9.txt", "n/sub/caf\\xE8.txt", "n/x.txt"])
        // Named, it is the same document.
        #expect(try shell(#"exec "$vdb" ingest n/caf*.txt n/sub/caf*.txt --quiet"#) == 0)
        #expect(try ids().count == 3)
        #expect(
            try vdb.run("ingest", "n", "--summary", "json", "-q").object.int("unchanged") == 3)
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        try vdb.write(name, "")
        try Data(bytes).write(to: URL(fileURLWithPath: vdb.path(name)))
    }

    @Test func aFolderIsReadAsFarAsPossible() throws {
        try vdb.write("n/a.txt", "good")
        try vdb.write("n/z.md", "good, too")
        try vdb.write("n/empty.md", "")
        try write("n/bad.txt", [0x63, 0x81])
        try FileManager.default.createSymbolicLink(
            atPath: vdb.path("n/gone.txt"), withDestinationPath: "nowhere")
        let result = try vdb.run("ingest", "n", "--summary", "json", "--rejects", "r.jsonl")
        #expect(result.status == 0)
        #expect(result.object.int("inserted") == 2 && result.object.int("failed") == 2)
        for fact in [
            "n/bad.txt:1: is not UTF-8 at byte 2", "n/gone.txt: is a link to something",
            "1 file skipped: empty: n/empty.md",
        ] { #expect(result.errors.contains(fact), "\(result.errors)") }
        let rejects = try String(contentsOfFile: vdb.path("r.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { Program.object(String($0)) }
        #expect(rejects.map { $0.string("path") } == ["n/gone.txt", "n/bad.txt"])
        #expect(rejects.map { $0.int("line") } == [nil, 1])
        #expect(rejects.map { $0.int("status") } == [66, 65])
        #expect(try ids() == ["n/a.txt", "n/z.md"])
        // What could not be read is not taken for gone.
        try vdb.write("n/bad.txt", "readable for once")
        #expect(try vdb.run("ingest", "n").status == 0)
        try write("n/bad.txt", [0x63, 0x81])
        try FileManager.default.removeItem(atPath: vdb.path("n/z.md"))
        #expect(try vdb.run("ingest", "n", "--sync").status == 0)
        #expect(try ids() == ["n/a.txt", "n/bad.txt"])
        // A folder's failure ends the run only on request, a named file's unless it may be skipped.
        try vdb.fails(65, "n/gone.txt: is a link", "ingest", "n", "--on-error", "stop")
        try FileManager.default.removeItem(atPath: vdb.path("n/gone.txt"))
        try vdb.fails(65, "n/bad.txt:1: is not UTF-8", "ingest", "n", "--on-error", "stop")
        try vdb.fails(65, "n/bad.txt:1: is not UTF-8", "ingest", "n/bad.txt")
        try vdb.fails(66, "n/gone.txt", "ingest", "n/gone.txt", "n/a.txt")
        #expect(
            try vdb.run("ingest", "n/gone.txt", "n/bad.txt", "n/a.txt", "--on-error", "skip")
                .status == 0)
        try vdb.fails(73, "--rejects: no/r.jsonl", "ingest", "n", "--rejects", "no/r.jsonl")
    }

    @Test func recordsThatTheDatabaseRefusesDoNotEndAFolder() throws {
        try vdb.write("n/a.jsonl", "{\"id\":\"a\",\"text\":\"t\",\"vector\":[1,2]}\n")
        try vdb.write("n/b.jsonl", "{\"id\":\"b\",\"text\":\"t\",\"vector\":[1,2,3]}\n")
        try vdb.write("n/c.jsonl", "{\"id\":\"c\",\"text\":\"t\",\"vector\":[3,4]}\n")
        let result = try vdb.run("ingest", "n", "--summary", "json", "--rejects", "r.jsonl")
        #expect(result.status == 0)
        #expect(result.object.int("inserted") == 2 && result.object.int("failed") == 1)
        let reject = Program.object(
            try String(contentsOfFile: vdb.path("r.jsonl"), encoding: .utf8))
        #expect(reject.string("id") == "b")
        try vdb.fails(65, "has 3 dimensions", "ingest", "n/b.jsonl")
    }

    @Test func whatIsTakenInAndWhatIsNamed() throws {
        try vdb.write("n/.gitignore", "drafts/\n")
        try vdb.write("n/drafts/d.md", "draft")
        try vdb.write("n/.h.md", "hidden")
        try vdb.write("n/a.md", "text")
        try vdb.write("n/b.log", "a line")
        try vdb.write("n/tool.py", "def f():\n    return 1\n")
        let plain = try vdb.run("ingest", "n", "--db", "n/x.vdb")
        #expect(plain.errors.contains("1 file skipped: unrecognized extension"))
        #expect(!plain.errors.contains("drafts") && !plain.errors.contains(".h.md"))
        let verbose = try vdb.run("ingest", "n", "--db", "n/x.vdb", "--verbose")
        #expect(verbose.errors.contains("n/drafts: skipped: ignored by .gitignore"))
        #expect(verbose.errors.contains("n/.h.md: skipped: hidden"))
        #expect(!verbose.errors.contains("x.vdb"))
        #expect(try vdb.run("ingest", "n", "--hidden", "--no-ignore", "-q").status == 0)
        #expect(try ids() == ["n/.h.md", "n/a.md", "n/drafts/d.md", "n/tool.py"])
        #expect(
            try vdb.run("ingest", "n", "--include", "*.log", "--exclude", "a*", "-q").status == 0)
        #expect(try ids().contains("n/b.log"))
        try vdb.fails(64, "is not a pattern", "ingest", "n", "--exclude", "/")
    }

    @Test func encodings() throws {
        try write("n/wide.txt", [0xFF, 0xFE, 0xE9, 0, 0x74, 0, 0xE9, 0])
        try write("n/western.txt", Array("caf".utf8) + [0xE9, 0x80])
        try write("n/table.csv", Array("id,text\n1,caf".utf8) + [0xE9, 10])
        let result = try vdb.run("ingest", "n")
        #expect(result.status == 0)
        #expect(result.errors.contains("2 files are not UTF-8, and read as Windows-1252"))
        func texts() throws -> [String] {
            try vdb.run("list", "--format", "json").objects.compactMap { $0.string("text") }
        }
        #expect(try texts() == ["café", "café€", "été"])
        try write("j.txt", [0x83, 0x65, 0x83, 0x58, 0x83, 0x67])
        try vdb.fails(65, "--encoding", "ingest", "j.txt")
        try vdb.fails(64, "'klingon' is not known", "ingest", "j.txt", "--encoding", "klingon")
        #expect(try vdb.run("ingest", "j.txt", "--encoding", "SHIFT_JIS", "-q").status == 0)
        #expect(try texts().contains("テスト"))
        // What is UTF-8 beyond doubt stays it.
        try vdb.write("u.txt", "naïve")
        #expect(try vdb.run("ingest", "u.txt", "--encoding", "SHIFT_JIS", "-q").status == 0)
        #expect(try texts().contains("naïve"))
    }

    @Test func separators() throws {
        try vdb.write("a.csv", "id;year;text\n1;2020;\"a; b\"\n")
        try vdb.write("b.csv", "id|text\n2|x, y\n")
        #expect(try vdb.run("ingest", "a.csv").status == 0)
        #expect(try vdb.run("ingest", "b.csv", "--delimiter", "|").status == 0)
        try vdb.fails(65, "--delimiter", "ingest", "b.csv")
        try vdb.fails(64, "--delimiter", "ingest", "b.csv", "--delimiter", "||")
        let list = try vdb.run("list", "--format", "json").objects
        #expect(list.compactMap { $0.string("text") } == ["a; b", "x, y"])
        let piped = try vdb.run("ingest", "-", "--quiet", input: "id\ttext\tn\n3\tp\t1\n")
        #expect(piped.status == 0)
        #expect(try ids() == ["1", "2", "3"])
    }

    @Test func cutRecordsAreTold() throws {
        let text = (0..<900).map { "word\($0)" }.joined(separator: " ")
        try vdb.write("long.jsonl", "{\"id\":\"long\",\"text\":\"\(text)\"}\n")
        let whole = try vdb.run("ingest", "long.jsonl", "--chunk-tokens", "0")
        #expect(whole.errors.contains("1 document is longer than the model reads"))
        #expect(whole.errors.contains("--chunk-tokens"))
        // By default it is cut, and a record that fits is not.
        try vdb.write(
            "more.jsonl",
            "{\"id\":\"long\",\"text\":\"\(text) more\"}\n{\"id\":\"short\",\"text\":\"\(text.prefix(1200))\"}\n"
        )
        let cut = try vdb.run("ingest", "more.jsonl", "--summary", "json")
        #expect(cut.object.int("truncated") == 0)
        #expect(!cut.errors.contains("longer than the model reads"))
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats.int("documents") == 2 && (stats.int("passages") ?? 0) > 6)
        try vdb.fails(
            64, "--chunk-overlap must be less than the 5 tokens", "ingest", "long.jsonl",
            "--chunk-tokens", "5", "--chunk-overlap", "10")
    }

    /// A model that reads 64 tokens, fewer than a passage has by default.
    @Test func passagesFitAModelThatReadsLittle() throws {
        let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../TrainingTests/Fixtures/tiny").standardizedFileURL.path
        let sentences = (0..<40).map { "Tide \($0) lifts boats, and the harbor fills." }
        let prose = sentences.joined(separator: " ")
        let code = (0..<60).map { "            harbor[\($0)] += tide(\($0), boats)" }
        try vdb.write("k.jsonl", #"{"id":"k","title":"Tides and boats","text":"\#(prose)"}"# + "\n")
        try vdb.write("k.csv", "id,title,text\nc,Tides,\"\(prose)\"\n")
        try vdb.write("k.txt", sentences.joined(separator: "\n\n\n"))
        try vdb.write("k.md", "# Tides\n\n" + prose + "\n\n```\n" + code.joined(separator: "\n"))
        try vdb.write("k.py", "def tides():\n" + code.joined(separator: "\n"))
        let files = ["k.jsonl", "k.csv", "k.txt", "k.md", "k.py"]
        for file in files {
            for options in [[], ["--chunk-tokens", "200"]] {
                let result = try vdb.run(
                    ["ingest", file, "--model", model, "--summary", "json"] + options)
                #expect(result.status == 0)
                #expect(result.object.int("truncated") == 0, "\(file) \(options)")
                #expect(!result.errors.contains("longer than the model reads"))
            }
        }
        let stats = try vdb.run("stats", "--format", "json").object
        #expect(stats.int("documents") == files.count && (stats.int("passages") ?? 0) > 40)
    }

    @Test func aMissingProgramIsNamedWithItsPackageAndTheRestIsRead() throws {
        try vdb.write("n/a.md", "text")
        try vdb.write("n/b.pdf", "%PDF-1.4\n")
        try vdb.write("n/c.parquet", "PAR1")
        let result = try vdb.run("ingest", "n", environment: ["PATH": "/nowhere"])
        #expect(result.status == 0)
        #expect(result.errors.contains("n/b.pdf: needs pdftotext, which is not installed"))
        #expect(result.errors.contains("apt-get install poppler-utils"))
        #expect(result.errors.contains("n/c.parquet: needs duckdb, which is not installed"))
        #expect(try ids() == ["n/a.md"])
    }
}
