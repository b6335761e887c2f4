import Foundation
import Testing

/// An encoder's folder wherever a model is named.
struct EncoderTests {
    let vdb = Program()

    init() throws {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "EncoderTests/Fixtures")
        for name in ["plain", "cls", "vocabulary"] {
            try FileManager.default.copyItem(
                atPath: fixtures.appending(path: name).path, toPath: vdb.path(name))
        }
        try vdb.write(
            "corpus.jsonl",
            #"{"_id":"a","text":"the wing lifts"}"# + "\n"
                + #"{"_id":"b","text":"the heron waits in the water"}"# + "\n")
    }

    private func fingerprint(_ database: String) throws -> String? {
        let model =
            try vdb.run("stats", "--db", database, "--format", "json").object["model"]
            as? [String: Any]
        return model?.string("fingerprint")
    }

    @Test func ingestsQueriesAndReindexes() throws {
        let ingested = try vdb.run(
            "ingest", "corpus.jsonl", "--db", "a.vdb", "--model", "cls", "--quiet")
        #expect(ingested.status == 0 && ingested.errors.isEmpty, "\(ingested.errors)")
        let first = try fingerprint("a.vdb")
        // The collection records the folder.
        let query = [
            "query", "the heron waits in the water", "--db", "a.vdb", "--mode", "dense", "--format",
            "json",
        ]
        let answer = try vdb.run(
            query[0], query[1], query[2], query[3], query[4], query[5], query[6], query[7])
        #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer.errors)")
        #expect(answer.object.hitIDs.count == 2)
        let again = try vdb.run("ingest", "corpus.jsonl", "--db", "a.vdb", "--quiet")
        #expect(again.status == 0, "\(again.errors)")
        let reindexed = try vdb.run(
            "reindex", "--db", "a.vdb", "--model", "plain", "--pooling", "cls", "--quiet")
        #expect(reindexed.status == 0 && reindexed.errors.isEmpty, "\(reindexed.errors)")
        #expect(try fingerprint("a.vdb") != first)
        let other = try vdb.run("query", "heron", "--db", "a.vdb", "--mode", "dense")
        #expect(other.status == 0, "\(other.errors)")
        try vdb.fails(
            65, "was encoded by", "query", "heron", "--db", "a.vdb", "--model", "cls", "--mode",
            "dense")
        try vdb.fails(69, "cannot score", "query", "heron", "--db", "a.vdb", "--rerank", "2")
        try vdb.write("qrels.tsv", "a 0 a 1\nb 0 b 1\n")
        try vdb.fails(
            65, "not a model that can be trained", "tune", "--db", "a.vdb", "--queries",
            "corpus.jsonl", "--qrels", "qrels.tsv", "--out", "tuned")
    }

    @Test func aPlainFolderSaysHowItPools() throws {
        let plain = try vdb.run("embed", "heron", "--model", "plain")
        #expect(plain.status == 0)
        #expect(
            plain.errors
                == "plain: is an encoder without modules.json, so the mean of its states is the "
                + "vector; --pooling cls takes the first instead\n")
        let named = try vdb.run("embed", "heron", "--model", "plain", "--pooling", "mean")
        #expect(named.errors.isEmpty && named.output == plain.output)
        let first = try vdb.run("embed", "heron", "--model", "plain", "--pooling", "cls")
        #expect(first.errors.isEmpty && first.output != plain.output)
        // vocab.txt alone, also for the tokenizer by itself.
        let ids = try vdb.run("tokenize", "wing water", "--model", "vocabulary")
        #expect(ids.status == 0 && ids.output.hasPrefix("["), "\(ids.errors)")
    }

    @Test func theLengthOfTextsCanBeChosenAndIsRecorded() throws {
        func tokens(_ arguments: String...) throws -> Int {
            let text = "the heron waits in the water the heron waits"
            let answer = try vdb.run(["embed", text, "--model", "cls"] + arguments)
            #expect(answer.status == 0, "\(answer.errors)")
            return (answer.object["tokens"] as? [Int])?.count ?? -1
        }
        let all = try tokens()
        #expect(all > 5)
        #expect(try tokens("--max-length", "5") == 5)
        try vdb.fails(
            64, "--max-length must be between", "embed", "x", "--model", "cls", "--max-length", "0")

        #expect(
            try vdb.run(
                "ingest", "corpus.jsonl", "--db", "short.vdb", "--model", "cls", "--max-length",
                "4", "--quiet"
            ).status == 0)
        let query = try vdb.run("query", "heron", "--db", "short.vdb", "--mode", "dense")
        #expect(query.status == 0, "\(query.errors)")
        try vdb.fails(
            65, "was encoded by", "query", "heron", "--db", "short.vdb", "--mode", "dense",
            "--model", "cls")
    }

    @Test func infoDescribesIt() throws {
        let info = try vdb.run("model", "info", "cls", "--format", "json").object
        #expect(info.string("architecture") == "bert")
        #expect(info.string("pooling") == "cls" && info.string("method") == nil)
        #expect(info["dimensions"] as? Int == 20)
        #expect((info["instructions"] as? [String: Any])?.string("retrieval.next") == "query: ")
    }

    @Test func whatNeedsALanguageModelRefusesIt() throws {
        let needs = "needs a decoder-only language model"
        try vdb.fails(65, "decoding \(needs)", "decode", "x", "--model", "cls")
        try vdb.fails(65, "scoring \(needs)", "score", "x", "y", "--model", "cls")
        try vdb.fails(65, "--states \(needs)", "embed", "x", "--model", "cls", "--states")
        try vdb.fails(
            65, "is an encoder", "train", "align", "--model", "plain", "--data", "corpus.jsonl",
            "--out", "out")
        try vdb.fails(65, "compressed", "embed", "x", "--model", "cls", "--pooling", "compressed")
        try FileManager.default.removeItem(atPath: vdb.path("plain/model.safetensors"))
        try vdb.write("plain/pytorch_model.bin", "x")
        try vdb.fails(65, "pickle", "embed", "x", "--model", "plain")
    }
}
