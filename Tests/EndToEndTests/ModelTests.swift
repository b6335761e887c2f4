import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct ModelTests {
    let vdb = Program()

    @Test func everyLineIsAText() throws {
        let input = "one\n\n three \u{FEFF}\nlast"
        let rows = try vdb.run("embed", "-", "--instruction", "next", input: input).objects
        #expect(rows.map { $0.string("text") } == ["one", "", " three \u{FEFF}", "last"])
        for row in rows {
            #expect(Set(row.keys) == ["text", "tokens", "embedding"])
            let vector = row["embedding"] as? [Double] ?? []
            #expect(vector.count == 384)
            #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
        }
        let alone = try vdb.run("embed", "one", "--instruction", "next").object
        let pair = zip(
            alone["embedding"] as? [Double] ?? [], rows[0]["embedding"] as? [Double] ?? [])
        #expect(pair.reduce(0) { $0 + $1.0 * $1.1 } > 0.9999)
        try vdb.fails(65, "is not UTF-8", "embed", "-", bytes: [97, 10, 0xFF, 10])
    }

    @Test func instructions() throws {
        func tokens(_ arguments: String...) throws -> [Int] {
            let result = try vdb.run("embed", "a text", arguments[0], arguments[1])
            return result.object["tokens"] as? [Int] ?? []
        }
        let all = try [
            tokens("--instruction", "next"), tokens("--instruction", "self"),
            tokens("--instruction", "none"), tokens("--instruction", "Say it."),
            tokens("--task", "sts"),
        ]
        #expect(Set(all).count == 5)
        #expect(all.allSatisfy { $0.suffix(5) == all[0].suffix(5) })
    }

    @Test func statesAverageToTheVector() throws {
        let row = try vdb.run("embed", "a text", "--states").object
        let states = row["states"] as? [[Double]] ?? []
        let vector = row["embedding"] as? [Double] ?? []
        #expect(states.count == 5 && states.allSatisfy { $0.count == 384 })
        let mean = (0..<384).map { column in states.reduce(0) { $0 + $1[column] } / 5 }
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(zip(mean, vector).allSatisfy { abs($0 / length - $1) < 1e-4 })
    }

    @Test func npy() throws {
        let process = try vdb.start(
            ["embed", "a", "b", "--format", "npy"], input: FileHandle.nullDevice,
            output: FileHandle(forWritingAtPath: vdb.path(try vdb.write("a.npy", ""))),
            errors: FileHandle.nullDevice)
        process.waitUntilExit()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: vdb.path("a.npy")))
        #expect(bytes.count == 128 + 2 * 384 * 4)
        #expect(String(decoding: bytes[10..<128], as: UTF8.self).contains("'shape': (2, 384)"))
        // The program reads what it writes.
        let summary = try vdb.run("ingest", "a.npy", "--summary", "json").object
        #expect(summary.int("documents") == 2)
    }

    @Test func tokenizeThereAndBack() throws {
        let text = "naïve café — “quotes” 日本語 🙂\ttab <s> <EMBED0>"
        let ids = try vdb.run("tokenize", text).output
        #expect(ids.hasPrefix("[") && ids.hasSuffix("]\n"))
        let back = try vdb.run("tokenize", "-", "--decode", input: ids).output
        // A tokenizer may make letters small and begin with a space.
        #expect(
            back.trimmingCharacters(in: .whitespacesAndNewlines).lowercased() == text.lowercased())
        #expect(try vdb.run("tokenize", "-", input: "\na\n").lines.count == 2)
        try vdb.fails(65, "is not a JSON array of token ids", "tokenize", "x", "--decode")
        try vdb.fails(66, "nowhere", "tokenize", "x", "--model", "nowhere")
    }

    @Test func aPipeIsAnsweredLineByLine() throws {
        let input = Pipe.uninherited()
        let output = Pipe.uninherited()
        let process = try vdb.start(
            ["tokenize", "-"], input: input, output: output, errors: FileHandle.nullDevice)
        for _ in 0..<3 {
            input.fileHandleForWriting.write(Data("a line\n".utf8))
            #expect(!output.fileHandleForReading.availableData.isEmpty)
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func scoreAndDecode() throws {
        let rows = try vdb.run("score", "what is a wing", "A wing makes lift.", "No.").objects
        #expect(
            rows.map { Set($0.keys) } == [
                ["document", "tokens", "log_probability"],
                ["document", "tokens", "log_probability"],
            ])
        #expect(rows.allSatisfy { ($0["log_probability"] as? Double ?? 1) < 0 })
        let text = try vdb.run("decode", "The moon.", "--max-tokens", "4")
        #expect(text.status == 0 && !text.output.isEmpty)
        try vdb.fails(64, "--max-tokens must be at least 1", "decode", "a", "--max-tokens", "0")
    }

    @Test func anotherModelIsRefused() throws {
        try vdb.writeModel("model")
        try vdb.write("corpus.jsonl", Program.corpus)
        try vdb.run("ingest", "corpus.jsonl", "--quiet")
        try vdb.fails(65, "was encoded by", "query", "moon", "--model", "model")
        try vdb.fails(65, "was encoded by", "ingest", "corpus.jsonl", "--model", "model")
        try vdb.write("empty/readme", "")
        try vdb.fails(66, "has neither config.json", "embed", "a", "--model", "empty")
    }

    @Test func theRecordedModelIsFoundOrNamed() throws {
        try vdb.writeModel("model")
        try vdb.write("corpus.jsonl", Program.corpus)
        try vdb.run("ingest", "corpus.jsonl", "--quiet", "--model", "model")
        let found = try vdb.run("query", "moon", "--mode", "dense", "--format", "json")
        #expect(found.object.hitIDs.count == 4, "\(found.errors)")
        try FileManager.default.moveItem(atPath: vdb.path("model"), toPath: vdb.path("moved"))
        try vdb.fails(69, "--model", "query", "moon", "--mode", "dense")
        #expect(try vdb.run("query", "moon", "--mode", "lexical", "--quiet").status == 0)
        let named = try vdb.run(
            "query", "moon", "--mode", "dense", "--model", "moved", "--format", "json")
        #expect(named.object.hitIDs == found.object.hitIDs, "\(named.errors)")
    }

    @Test func reindexingWithAnotherModel() throws {
        try vdb.writeModel("model")
        try vdb.write("corpus.jsonl", Program.corpus)
        try vdb.run("ingest", "corpus.jsonl", "--quiet")
        let before = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        let result = try vdb.run("reindex", "--model", "model", "--quiet")
        #expect(result.status == 0, "\(result.errors)")
        let after = try vdb.run("stats", "--format", "json").object["model"] as? [String: Any]
        #expect(before?.string("fingerprint") != after?.string("fingerprint"))
        #expect(after?.string("path")?.hasSuffix("model") == true)
        #expect(
            try vdb.run("query", "moon", "--mode", "dense", "--format", "json").object.hitIDs.count
                == 4)
    }
}
