import Foundation
import TestSupport
import Testing

/// GGUF files wherever a model is, as a user names them.
@Suite(.serialized) struct GGUFTests {
    private let vdb = Program()
    private var environment: [String: String] { ["VDB_MODELS": vdb.path("store")] }

    private func writeModel(_ name: String, seed: UInt64 = 1) throws {
        try vdb.write(name, "")
        try Data(TinyGGUF.file(seed: seed)).write(to: URL(fileURLWithPath: vdb.path(name)))
    }

    private func vector(_ model: String) throws -> [Double] {
        let result = try vdb.run("embed", "some text", "--model", model, environment: environment)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("no compressed tokens"))
        return result.object["embedding"] as? [Double] ?? []
    }

    @Test func embedsByPathAndByName() throws {
        try writeModel("tiny.gguf")
        let expected = try vector("tiny.gguf")
        #expect(expected.count == 32)
        try writeModel("store/small/x.gguf")
        #expect(try vector("small") == expected)

        // A folder of that name in the working folder comes first, and that is said.
        try writeModel("small/other.gguf", seed: 2)
        let hiding = try vdb.run("embed", "some text", "--model", "small", environment: environment)
        #expect(hiding.errors.contains("store"))
        #expect(hiding.object["embedding"] as? [Double] != expected)

        let ids = try vdb.run("tokenize", "a<s>", "--model", "tiny.gguf")
        #expect(ids.output == "[97,60,115,62]\n")
        #expect(try vdb.run("embed", "x", "--model", "other").status == 66)
        let unknown = try vdb.run(
            "embed", "x", "--model", "smollm2-135m", environment: environment)
        #expect(unknown.status == 69 && unknown.errors.contains("vdb model add smollm2-135m"))
        try vdb.write("bad.gguf", "GGUF and nothing more")
        #expect(try vdb.run("embed", "x", "--model", "bad.gguf").status == 65)
    }

    @Test func aCollectionFindsItsModelAgain() throws {
        try writeModel("tiny.gguf")
        try vdb.write(
            "docs.jsonl", #"{"_id":"a","text":"alpha"}"# + "\n" + #"{"_id":"b","text":"beta"}"#)
        let ingest = try vdb.run("ingest", "docs.jsonl", "--model", "tiny.gguf")
        #expect(ingest.status == 0, "\(ingest.errors)")
        let query = try vdb.run("query", "alpha", "--mode", "dense", "--format", "json")
        #expect(query.status == 0, "\(query.errors)")
        #expect((query.object["hits"] as? [Any])?.count == 2)
        // Another model is refused.
        try writeModel("tiny.gguf", seed: 2)
        #expect(try vdb.run("query", "alpha", "--mode", "dense").status != 0)
        let reindex = try vdb.run("reindex", "--model", "tiny.gguf")
        #expect(reindex.status == 0, "\(reindex.errors)")
        #expect(try vdb.run("query", "alpha", "--mode", "dense").status == 0)
    }

    /// By the name that it was given, if its file has moved; the fingerprint shows whether it is the
    /// same model.
    @Test func aMovedModelIsFoundByItsName() throws {
        try writeModel("store/small/x.gguf")
        try vdb.write("docs.jsonl", #"{"_id":"a","text":"alpha"}"#)
        let ingest = try vdb.run(
            "ingest", "docs.jsonl", "--model", "small", environment: environment)
        #expect(ingest.status == 0, "\(ingest.errors)")
        let stats = try vdb.run("stats", "--format", "json", environment: environment).object
        let model = stats["model"] as? [String: Any]
        #expect((model?["settings"] as? [String: Any])?.string("source") == "small")
        try FileManager.default.moveItem(atPath: vdb.path("store"), toPath: vdb.path("other"))
        func query(_ store: String) throws -> Program.Result {
            try vdb.run(
                "query", "alpha", "--mode", "dense", "--format", "json",
                environment: ["VDB_MODELS": vdb.path(store)])
        }
        let found = try query("other")
        #expect(found.status == 0 && found.object.hitIDs == ["a"], "\(found.errors)")
        try writeModel("third/small/x.gguf", seed: 2)
        #expect(try query("third").status == 69)
        #expect(try query("store").status == 69)
    }

    /// What is trained is a folder of float32 weights that loads by itself.
    @Test(arguments: [["--lora-rank", "2"], []]) func trains(_ adapter: [String]) throws {
        try writeModel("tiny.gguf")
        let rows = (0..<8).map { #"{"context":"c\#($0)","instruction":"i","output":"o\#($0)"}"# }
        try vdb.write("rows.jsonl", rows.joined(separator: "\n"))
        let train = try vdb.run(
            [
                "train", "compress", "--model", "tiny.gguf", "--data", "rows.jsonl", "--out", "out",
                "--max-steps", "2", "--batch-size", "4", "--quiet",
            ] + adapter)
        #expect(train.status == 0, "\(train.errors)")
        try FileManager.default.removeItem(atPath: vdb.path("tiny.gguf"))
        let embed = try vdb.run("embed", "some text", "--model", "out")
        #expect(embed.status == 0, "\(embed.errors)")
        #expect(!embed.errors.contains("no compressed tokens"))
        let hasBase = FileManager.default.fileExists(atPath: vdb.path("out/base"))
        #expect(hasBase == adapter.isEmpty)
        let decode = try vdb.run("decode", "some text", "--model", "out", "--max-tokens", "2")
        #expect(decode.status == 0, "\(decode.errors)")
    }
}
