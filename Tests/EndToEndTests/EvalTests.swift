import Foundation
import Testing

@Suite(.serialized) struct EvalTests {
    let vdb = Program()

    /// Four documents. Query 1 shares its id with a document that answers it, query 2 its id and its
    /// text with one, query 3 has no text, query 9 is judged in the other split only.
    private func writeCollection() throws {
        try vdb.write(
            "small/corpus.jsonl",
            """
            {"_id":"1","title":"Tides","text":"The moon pulls the oceans into two bulges."}
            {"_id":"2","title":"","text":"why does dough rise"}
            {"_id":"bread","title":"Bread","text":"Yeast makes dough rise by its gas."}
            {"_id":"onions","title":"","text":"Cutting an onion makes the eyes water."}

            """)
        try vdb.write(
            "small/queries.jsonl",
            """
            {"_id":"1","text":"moon and oceans"}
            {"_id":"2","text":"why does dough rise"}
            {"_id":"9","text":"onion"}

            """)
        try vdb.write(
            "small/qrels/test.tsv",
            "query-id\tcorpus-id\tscore\n1\t1\t1\n2\tbread\t2\n3\tbread\t1\n")
        try vdb.write("small/qrels/dev.tsv", "query-id\tcorpus-id\tscore\n9\tonions\t1\n")
    }

    private var cache: [String: String] { ["XDG_CACHE_HOME": vdb.path("cache")] }

    @Test func lexicalRetrieval() throws {
        try writeCollection()
        let result = try vdb.run(
            "eval", "retrieval", "small", "--mode", "lexical", "--format", "json", "--per-query",
            "--run", "out.run", environment: cache)
        let found = result.object
        #expect(found.string("dataset") == "small" && found.string("split") == "test")
        #expect(found.int("queries") == 3)
        let perQuery = found["per_query"] as? [[String: Any]] ?? []
        #expect(perQuery.map { $0.string("query_id") } == ["1", "2", "3"])
        // The document with the query's id and other words stays; the query itself is dropped, so
        // that what answers it comes first; the query without a text counts as 0.
        #expect(perQuery.map { $0["ndcg_cut_10"] as? Double } == [1, 1, 0])
        #expect(abs((found["ndcg_cut_10"] as? Double ?? 0) - 2.0 / 3) < 1e-12)
        let run = try String(contentsOfFile: vdb.path("out.run"), encoding: .utf8)
        #expect(run.contains("1 Q0 1 1 "))
        #expect(!run.contains("2 Q0 2 "))
        // The run file, measured by itself, says the same.
        let again = try vdb.run(
            "eval", "run", "out.run", "small/qrels/test.tsv", "--format", "json")
        for key in ["ndcg_cut_10", "recip_rank_10", "recall_100", "recall_1000", "map", "P_10"] {
            #expect(again.object[key] as? Double == found[key] as? Double, "\(key)")
        }
        #expect(!FileManager.default.fileExists(atPath: vdb.path("corpus.vdb")))
    }

    @Test func denseRetrievalIsCached() throws {
        try writeCollection()
        let dense = {
            try vdb.run(
                "eval", "retrieval", "small", "--split", "dev", "--format", "json",
                environment: cache)
        }
        let first = try dense()
        #expect(first.object["recip_rank_10"] as? Double == 1)
        #expect(first.errors.contains("4 documents in \(vdb.path("cache"))"))
        let second = try dense()
        #expect(second.output == first.output)
        #expect(second.errors.isEmpty)
        // Another pooling is another model: it does not meet the first one's vectors.
        let pooled = try vdb.run(
            "eval", "retrieval", "small", "--pooling", "mean", environment: cache)
        #expect(pooled.errors.contains("4 documents"))
        #expect(pooled.output.contains("pooling: mean"))
        // Other documents, another database.
        let corpus = try String(contentsOfFile: vdb.path("small/corpus.jsonl"), encoding: .utf8)
        try vdb.write(
            "small/corpus.jsonl", corpus + "{\"_id\":\"x\",\"text\":\"onion onion\"}\n")
        let third = try vdb.run(
            "eval", "retrieval", "small", "--mode", "hybrid", environment: cache)
        #expect(third.errors.contains("5 documents"))
        #expect(third.output.contains("mode: hybrid"))
    }

    @Test func reranking() throws {
        try writeCollection()
        let result = try vdb.run(
            "eval", "retrieval", "small", "--split", "dev", "--rerank", "2", "--run", "out.run",
            "--format", "json", environment: cache)
        #expect(result.object.string("rerank") == "2")
        let hits = try String(contentsOfFile: vdb.path("out.run"), encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: " ") }
        #expect(hits.count == 4)
        let texts = [
            "1": "Tides The moon pulls the oceans into two bulges.",
            "2": "why does dough rise",
            "bread": "Bread Yeast makes dough rise by its gas.",
            "onions": "Cutting an onion makes the eyes water.",
        ]
        // The first two are those whose log-probabilities `vdb score` prints; the rest lie below.
        for hit in hits.prefix(2) {
            let scored = try vdb.run("score", "onion", texts[String(hit[2])] ?? "").object
            let expected = scored["log_probability"] as? Double ?? .nan
            let found = Double(hit[4]) ?? .nan
            #expect(abs(found - expected) <= 1e-5 * abs(expected))
        }
        let scores = hits.compactMap { Double($0[4]) }
        #expect(scores.indices.dropFirst().allSatisfy { scores[$0] < scores[$0 - 1] })
        try vdb.fails(64, "--rerank", "eval", "retrieval", "small", "--rerank", "0")
        let byQuestion = try vdb.run(
            "eval", "retrieval", "small", "--split", "dev", "--mode", "lexical", "--rerank-model",
            "built-in", "--format", "json", environment: cache)
        #expect(byQuestion.object.string("rerank") == "20")
        #expect(byQuestion.object.string("rerank_model") == "built-in")
    }

    @Test func aNamedDatabaseIsUsed() throws {
        try writeCollection()
        try vdb.run(
            "eval", "retrieval", "small", "--mode", "lexical", "--db", "mine.vdb", "--quiet",
            environment: cache)
        #expect(try vdb.run("list", "--db", "mine.vdb").lines.count == 4)
        #expect(!FileManager.default.fileExists(atPath: vdb.path("cache")))
    }

    @Test func theModelThatANamedDatabaseRecordsIsUsed() throws {
        try writeCollection()
        try vdb.run(
            "ingest", "small/corpus.jsonl", "--db", "mine.vdb", "--pooling", "mean", "--quiet")
        let search = ["eval", "retrieval", "small", "--split", "dev", "--db", "mine.vdb"]
        let result = try vdb.run(search + ["--run", "out.run", "--format", "json"])
        #expect(result.object["recip_rank_10"] as? Double == 1)
        // The scores are those of a search of the same database.
        let hits = try vdb.run(
            "query", "onion", "--db", "mine.vdb", "--mode", "dense", "--format", "trec")
        let scores = { (lines: [String]) in
            lines.compactMap { Float($0.split(separator: " ")[4]) }
        }
        let run = try String(contentsOfFile: vdb.path("out.run"), encoding: .utf8)
        #expect(scores(run.split(separator: "\n").map(String.init)) == scores(hits.lines))
        #expect(hits.lines.count == 4)
    }

    @Test func similarity() throws {
        try vdb.write(
            "alike.tsv",
            """
            sentence1\tsentence2\tscore
            A man plays a guitar.\tA man is playing a guitar.\t5
            A man plays a guitar.\tA person plays an instrument.\t3
            A man plays a guitar.\tThe bank raised its interest rates.\t0

            """)
        let found = try vdb.run("eval", "sts", "alike.tsv", "--format", "json").object
        #expect(abs((found["mean"] as? Double ?? 0) - 100) < 1e-9)
        let files = found["files"] as? [[String: Any]] ?? []
        #expect(files.count == 1 && files[0].int("pairs") == 3)
        try vdb.write("same.tsv", "sentence1\tsentence2\tscore\na\tb\t1\nc\td\t1\n")
        try vdb.fails(65, "same.tsv", "eval", "sts", "same.tsv")
        try vdb.fails(66, "none.tsv", "eval", "sts", "none.tsv")
    }

    @Test func comparison() throws {
        try vdb.write("qrels", (0..<20).map { "q\($0) 0 d 1\n" }.joined())
        try vdb.write("a.run", (0..<20).map { "q\($0) Q0 x 1 2 a\nq\($0) Q0 d 2 1 a\n" }.joined())
        try vdb.write("b.run", (0..<19).map { "q\($0) Q0 d 1 2 b\n" }.joined())
        let found = try vdb.run("eval", "compare", "a.run", "b.run", "qrels", "--format", "json")
        let rows = found.object["measures"] as? [[String: Any]] ?? []
        let reciprocal = rows.first { $0.string("measure") == "recip_rank_10" } ?? [:]
        #expect(abs((reciprocal["first"] as? Double ?? 0) - 0.5) < 1e-12)
        #expect(abs((reciprocal["second"] as? Double ?? 0) - 0.95) < 1e-12)
        #expect(reciprocal.int("better") == 19 && reciprocal.int("worse") == 1)
        #expect((reciprocal["p_t_test"] as? Double ?? 1) < 1e-6)
        #expect((reciprocal["p_randomisation"] as? Double ?? 1) < 1e-3)
        let table = try vdb.run("eval", "compare", "a.run", "b.run", "qrels").lines
        #expect(table.count == 7 && table[0].contains("p (t-test)"))
    }

    @Test func whatBreaksNamesFileAndLine() throws {
        try vdb.write("qrels", "q 0 d 1\n")
        try vdb.write("bad.run", "q Q0 d 1 2 x\nq Q0 d 2 1 x\n")
        try vdb.fails(65, "bad.run:2: ", "eval", "run", "bad.run", "qrels")
        try vdb.fails(66, "none.run", "eval", "run", "none.run", "qrels")
        try vdb.write("nothing/readme", "")
        try vdb.fails(65, "nothing", "eval", "retrieval", "nothing")
        try writeCollection()
        try vdb.fails(66, "'train'", "eval", "retrieval", "small", "--split", "train")
    }
}
