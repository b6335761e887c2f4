import Foundation
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
        try process.run()
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

    @Test func aFolderIsReadAsFarAsPossibleAndTheStatusTells() throws {
        try vdb.write("n/a.txt", "good")
        try vdb.write("n/z.md", "good, too")
        try vdb.write("n/empty.md", "")
        try Data([0x63, 0xE9]).write(to: URL(fileURLWithPath: vdb.path("n/latin.txt")))
        try FileManager.default.createSymbolicLink(
            atPath: vdb.path("n/gone.txt"), withDestinationPath: "nowhere")
        let result = try vdb.run("ingest", "n", "--summary", "json")
        #expect(result.status == 66)
        #expect(result.object.int("inserted") == 2 && result.object.int("failed") == 2)
        for fact in [
            "n/latin.txt:1: is not UTF-8 at byte 2", "n/gone.txt: is a link to something",
            "1 file skipped: empty: n/empty.md", "everything else is stored",
        ] { #expect(result.errors.contains(fact), "\(result.errors)") }
        #expect(try ids() == ["n/a.txt", "n/z.md"])
        #expect(try vdb.run("ingest", "n", "--on-error", "skip").status == 0)
        // What could not be read is not taken for gone.
        try vdb.write("n/latin.txt", "readable for once")
        #expect(try vdb.run("ingest", "n").status == 66)
        try Data([0x63, 0xE9]).write(to: URL(fileURLWithPath: vdb.path("n/latin.txt")))
        try FileManager.default.removeItem(atPath: vdb.path("n/z.md"))
        #expect(try vdb.run("ingest", "n", "--sync").status == 66)
        #expect(try ids() == ["n/a.txt", "n/latin.txt"])
        // A file that is named ends the run, unless it is to be skipped.
        try vdb.fails(65, "n/latin.txt:1: is not UTF-8", "ingest", "n/latin.txt")
        try vdb.fails(66, "n/gone.txt", "ingest", "n/gone.txt", "n/a.txt")
        #expect(
            try vdb.run("ingest", "n/gone.txt", "n/latin.txt", "n/a.txt", "--on-error", "skip")
                .status == 0)
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
        let result = try vdb.run("ingest", "long.jsonl")
        #expect(result.errors.contains("1 document is longer than the model reads"))
        #expect(result.errors.contains("--chunk-tokens"))
        let cut = try vdb.run("ingest", "long.jsonl", "--chunk-tokens", "256")
        #expect(!cut.errors.contains("longer than the model reads"))
        try vdb.fails(
            64, "--chunk-overlap must be less than the 5 tokens", "ingest", "long.jsonl",
            "--chunk-tokens", "5", "--chunk-overlap", "10")
    }
}
