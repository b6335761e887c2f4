import Foundation
import TestSupport
import Testing

/// What the program says, and the status it ends with, where nothing can be written.
@Suite(
    .serialized, .enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.unavailable)))
struct SmallDiskTests {
    private static func lines(_ count: Int) -> String {
        (0..<count).map { number in
            let vector = (0..<8).map { "\(Double((number * 7 + $0 * 13) % 31) + 0.5)" }
            return
                #"{"_id":"d\#(number)","text":"document \#(number) of many, with some more words "#
                + #"than it would need","vector":[\#(vector.joined(separator: ","))]}"# + "\n"
        }.joined()
    }

    /// Each command that writes ends with `status` and one sentence that names the file.
    private func expectRefusals(_ vdb: Program, _ database: String, status: Int32) throws {
        try vdb.write("one.jsonl", Self.lines(1))
        for command in [
            ["delete", "d1"], ["delete", "--where", "n = 1"], ["ingest", "one.jsonl"],
            ["index-field", "n"], ["compact"], ["reindex", "--m", "9"],
        ] {
            let result = try vdb.run(command + ["--db", database])
            #expect(result.status == status, "\(command): \(result.errors)")
            #expect(result.errorLines.count == 1, "\(command): \(result.errors)")
            #expect(result.errors.contains("corpus.vdb"), "\(command): \(result.errors)")
        }
    }

    private func expectAnswers(_ vdb: Program, _ database: String, documents: Int) throws {
        let found = try vdb.run(
            ["query", "document 77", "--mode", "lexical", "--format", "trec", "--db", database])
        #expect(found.status == 0 && found.output.contains("d77"))
        #expect(try vdb.run(["list", "--limit", "9", "--db", database]).lines.count == 9)
        #expect(try vdb.run(["check", "--db", database]).status == 0)
        let stats = try vdb.run(["stats", "--format", "json", "--db", database])
        #expect((stats.object.int("documents") ?? 0) >= documents)
    }

    @Test func aReadOnlyMedium() throws {
        let disk = try SmallDisk(megabytes: 16)
        let vdb = Program()
        let database = disk.file("corpus.vdb")
        try vdb.write("many.jsonl", Self.lines(700))
        #expect(try vdb.run(["ingest", "many.jsonl", "--db", database]).status == 0)
        try #require(disk.protect())
        try expectAnswers(vdb, database, documents: 700)
        try expectRefusals(vdb, database, status: 73)
        try expectAnswers(vdb, database, documents: 700)
    }

    @Test func aDiskThatFills() throws {
        let disk = try SmallDisk(megabytes: 24)
        let vdb = Program()
        let database = disk.file("corpus.vdb")
        let ballast = URL(fileURLWithPath: disk.file("ballast"))
        try Data(count: 20 << 20).write(to: ballast)
        try vdb.write("many.jsonl", Self.lines(15_000))
        let result = try vdb.run(["ingest", "many.jsonl", "--acknowledge", "--db", database])
        #expect(result.status == 74)
        #expect(result.errors.contains("full") || result.errors.contains("No space left"))
        let acknowledged = result.objects.compactMap { $0.int("acknowledged") }.max() ?? 0
        #expect(acknowledged > 0)
        try expectAnswers(vdb, database, documents: acknowledged)
        // With room again, the same command goes on.
        try FileManager.default.removeItem(at: ballast)
        try vdb.write("more.jsonl", Self.lines(acknowledged + 50))
        #expect(try vdb.run(["ingest", "more.jsonl", "--db", database]).status == 0)
        try expectAnswers(vdb, database, documents: acknowledged + 50)
    }
}
