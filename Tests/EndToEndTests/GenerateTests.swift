import Foundation
import Testing

/// `vdb generate`.
@Suite struct GenerateTests {
    private let vdb = Program()

    private static let tiny = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TrainingTests/Fixtures/tiny").path

    private func writeQueries(_ count: Int) throws {
        try vdb.write(
            "queries.jsonl",
            (0..<count).map { #"{"_id":"q\#($0)","text":"what is number \#($0 * 7919 % 1000)?"}"# }
                .joined(separator: "\n") + "\n")
    }

    private func arguments(_ out: String, _ more: [String]) -> [String] {
        ["generate", "--queries", "queries.jsonl", "--out", out, "--model", Self.tiny] + more
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: vdb.path(name), encoding: .utf8)
    }

    private func lines(_ name: String) throws -> [[String: Any]] {
        try text(name).split(separator: "\n").map { Program.object(String($0)) }
    }

    @Test func writesAnswersInTheQueriesOrder() throws {
        try writeQueries(70)
        let made = try vdb.run(arguments("a.jsonl", ["--max-tokens", "9", "--threads", "2"]))
        #expect(made.status == 0 && made.output.isEmpty, "\(made.errors)")
        #expect(made.errorLines.last?.hasPrefix("70 answers with ") == true, "\(made.errors)")
        let rows = try lines("a.jsonl")
        #expect(rows.map { $0.string("id") } == (0..<70).map { "q\($0)" })
        for row in rows {
            let tokens = try #require(row.int("tokens"))
            #expect(tokens <= 9 && row["finished"] as? Bool == (tokens < 9))
            #expect(row["answer"] is String && row["prompt"] == nil)
        }
        #expect(rows[3].string("query") == "what is number 757?")
        let record = Program.object(try text("a.jsonl.json"))
        #expect(record.string("model")?.count == 32 && record.int("max_tokens") == 9)
        #expect(record.string("chat") == "{bos}{query}\n")

        let other = ["--max-tokens", "9", "--threads", "1", "--batch-size", "3", "--quiet"]
        #expect(try vdb.run(arguments("b.jsonl", other)).errors == "")
        #expect(try text("b.jsonl") == text("a.jsonl"))

        // The set is training data's first half: an instruction and standard input.
        let piped = try vdb.run(
            [
                "generate", "--queries", "-", "--out", "c.jsonl", "--model", Self.tiny,
                "--instruction", "In short: ", "--chat", "{query}!", "--max-tokens", "2", "-q",
            ], input: "one\twhat?\ntwo\twhy?\n")
        #expect(piped.status == 0, "\(piped.errors)")
        #expect(try lines("c.jsonl").map { $0.string("prompt") } == ["In short: ", "In short: "])
        #expect(try lines("c.jsonl").map { $0.string("id") } == ["one", "two"])
    }

    /// After any number of bytes, the rest makes it what one run writes.
    @Test func resumesAfterWholeLines() throws {
        try writeQueries(12)
        let run = { (name: String, more: [String]) in
            try self.vdb.run(self.arguments(name, ["--max-tokens", "5"] + more))
        }
        #expect(try run("whole.jsonl", []).status == 0)
        let whole = Data(try text("whole.jsonl").utf8)
        let record = try text("whole.jsonl.json")
        for kept in [0, 1, whole.count / 3, whole.count / 2, whole.count - 1, whole.count] {
            try whole.prefix(kept).write(to: URL(fileURLWithPath: vdb.path("part.jsonl")))
            try vdb.write("part.jsonl.json", record)
            #expect(try run("part.jsonl", ["--resume"]).status == 0)
            #expect(try Data(text("part.jsonl").utf8) == whole, "after \(kept) bytes")
        }
        #expect(try run("new.jsonl", ["--resume", "-q"]).status == 0)
        #expect(try Data(text("new.jsonl").utf8) == whole)

        // Not with other queries, or other settings.
        let refused = try run("part.jsonl", ["--resume", "--max-length", "7"])
        #expect(refused.status == 65)
        #expect(
            refused.errors == "vdb: part.jsonl.json: the answers were begun with another "
                + "\"max_length\"; pass the same, or leave --resume out to begin again\n")
        try vdb.write(
            "part.jsonl", String(decoding: whole, as: UTF8.self).replacing("q4", with: "x4"))
        let other = try run("part.jsonl", ["--resume"])
        #expect(other.status == 65)
        #expect(
            other.errors == "vdb: part.jsonl: line 5 is not the answer to query 'q4'; leave "
                + "--resume out to begin again\n")
        #expect(try run("part.jsonl", ["-q"]).status == 0)
        #expect(try Data(text("part.jsonl").utf8) == whole)
    }

    /// Killed at any time, resumed to the same bytes.
    @Test func survivesBeingKilled() throws {
        try writeQueries(3000)
        let settings = ["--max-tokens", "12", "--quiet"]
        #expect(try vdb.run(arguments("whole.jsonl", settings)).status == 0)
        for bytes in [1, 60_000] {
            let process = try vdb.start(
                arguments("killed.jsonl", settings), input: FileHandle.nullDevice,
                output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
            func size() -> Int {
                let found = try? FileManager.default.attributesOfItem(
                    atPath: vdb.path("killed.jsonl"))
                return found?[.size] as? Int ?? 0
            }
            while process.isRunning, size() < bytes { usleep(200) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let resumed = try vdb.run(arguments("killed.jsonl", settings + ["--resume"]))
            #expect(resumed.status == 0, "\(resumed.errors)")
            #expect(try text("killed.jsonl") == text("whole.jsonl"))
            try FileManager.default.removeItem(atPath: vdb.path("killed.jsonl"))
        }
    }

    @Test func saysWhatIsWrong() throws {
        try writeQueries(1)
        func message(_ more: String...) throws -> String {
            let result = try vdb.run(arguments("a.jsonl", more))
            return "\(result.status) \(result.errors)"
        }
        #expect(
            try message("--chat", "no place")
                == "64 vdb: --chat must have {query} once; see 'vdb generate --help'\n")
        #expect(
            try message("--max-tokens", "0")
                == "64 vdb: --max-tokens must be between 1 and 1048576, not 0; see 'vdb generate --help'\n"
        )
        #expect(
            try message("--out", "./queries.jsonl").hasPrefix(
                "64 vdb: --out must be another file than --queries"))
        let missing = try vdb.run(
            "generate", "--queries", "none.jsonl", "--out", "a.jsonl", "--model", Self.tiny)
        #expect(missing.status == 66)
        let unwritable = try vdb.run(
            "generate", "--queries", "queries.jsonl", "--out", "none/a.jsonl", "--model", Self.tiny)
        #expect(unwritable.status == 74 && unwritable.errorLines.count == 1)
    }
}
