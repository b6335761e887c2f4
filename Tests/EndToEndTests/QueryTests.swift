import Foundation
import Testing

@Suite(.serialized) struct QueryTests {
    let vdb = Program()

    init() throws { try vdb.ingestCorpus() }

    @Test func json() throws {
        let answer = try vdb.run("query", "the moon and the sea", "--format", "json").object
        #expect(Set(answer.keys) == ["query", "mode", "took_ms", "hits"])
        #expect(answer.string("query") == "the moon and the sea")
        #expect(answer.string("mode") == "hybrid")
        let hits = answer.list("hits")
        #expect(hits.count == 4)
        #expect(
            Set(hits[0].keys) == [
                "rank", "id", "score", "title", "text", "highlights", "snippet", "offset", "line",
                "duplicates", "metadata",
            ])
        #expect(hits.map { $0.int("rank") } == [1, 2, 3, 4])
        let scores = hits.compactMap { $0["score"] as? Double }
        #expect(scores == scores.sorted(by: >))
    }

    @Test func modes() throws {
        for mode in ["dense", "lexical", "hybrid"] {
            let answer = try vdb.run("query", "yeast dough", "--mode", mode, "--format", "json")
                .object
            #expect(answer.string("mode") == mode)
            #expect(answer.hitIDs.first == "bread" || mode == "dense", "\(mode): \(answer.hitIDs)")
        }
        let walked = try vdb.run("query", "yeast", "--mode", "dense", "--format", "json").object
        let exact = try vdb.run("query", "yeast", "--mode", "dense", "--exact", "--format", "json")
            .object
        #expect(walked.hitIDs == exact.hitIDs && exact.hitIDs.count == 4)
    }

    @Test(arguments: [
        ("lang = 'en' AND year >= 2020", ["onions", "tides"]),
        ("tag IN ('sea', 'land')", ["tides"]),
        ("NOT draft", ["apples", "onions", "tides"]),
        ("draft IS NULL AND lang <> 'en'", ["apples"]),
        ("lang LIKE 'E%' AND (year < 2020 OR year > 2020)", ["bread", "tides"]),
        ("year BETWEEN 2019 AND 2020", ["bread", "onions"]),
        ("nothing = 1", []),
    ])
    func filters(expression: String, ids: [String]) throws {
        for mode in ["dense", "hybrid"] {
            let answer = try vdb.run(
                "query", "gas", "--mode", mode, "--where", expression, "--format", "json"
            ).object
            #expect(answer.hitIDs.sorted() == ids)
        }
    }

    @Test func trecRuns() throws {
        let one = try vdb.run("query", "gas", "-k", "2", "--format", "trec", "--run-name", "mine")
        #expect(one.lines.count == 2)
        let fields = one.lines[0].split(separator: " ")
        #expect(fields.count == 6 && fields[0] == "1" && fields[1] == "Q0" && fields[5] == "mine")
        try vdb.write("q.tsv", "q1\tmoon\nq2\tbread and dough\n")
        let many = try vdb.run("query", "--queries", "q.tsv", "-k", "3", "--format", "trec")
        #expect(many.lines.map { String($0.prefix(2)) } == ["q1", "q1", "q1", "q2", "q2", "q2"])
        var last = Double.infinity
        for line in many.lines[..<3] {
            let score = Double(line.split(separator: " ")[4]) ?? .nan
            #expect(score <= last)
            last = score
        }
    }

    @Test func manyQueriesAsJSONFromStandardInput() throws {
        let input = "{\"_id\":\"a\",\"text\":\"moon\"}\n{\"_id\":\"b\",\"text\":\"dough\"}\n"
        let result = try vdb.run("query", "--queries", "-", "--format", "json", input: input)
        #expect(result.objects.map { $0.string("query_id") } == ["a", "b"])
        #expect(result.objects.map { $0.hitIDs.count } == [4, 4])
        try vdb.write("q.txt", "just a line\n")
        try vdb.fails(65, "is not a file of queries", "query", "--queries", "q.txt")
        try vdb.fails(66, "there is no such file", "query", "--queries", "none.tsv")
    }

    @Test func rerankingOrdersByLogProbability() throws {
        let result = try vdb.run("query", "gas", "--rerank", "4", "--format", "json")
        #expect(result.errors.contains("with the built-in model makes most rankings worse"))
        let hits = result.object.list("hits")
        let scores = hits.compactMap { $0["log_probability"] as? Double }
        #expect(scores.count == 4 && scores == scores.sorted(by: >) && scores[0] < 0)
    }

    @Test func theTableKeepsToTheWidth() throws {
        for columns in [30, 60, 200] {
            let result = try vdb.run("query", "gas", environment: ["COLUMNS": "\(columns)"])
            #expect(result.lines.allSatisfy { $0.count <= columns })
            #expect(result.lines[0].hasPrefix("1  1.7"))
            #expect(!result.output.contains("\u{1B}"))
        }
    }

    @Test func controlCharactersDoNotReachTheTerminal() throws {
        try vdb.write(
            "e.jsonl",
            "{\"_id\":\"e\\u001b[31m\",\"title\":\"\\u001b]0;t\\u0007\",\"text\":\"zebra\\u001b[2J\\u202e\"}\n"
        )
        try vdb.run("ingest", "e.jsonl", "--quiet")
        let result = try vdb.run("query", "zebra", "--mode", "lexical")
        #expect(result.status == 0 && !result.output.contains("\u{1B}"))
        #expect(!result.output.unicodeScalars.contains("\u{202E}"))
    }

    @Test func explaining() throws {
        let answer = try vdb.run("query", "gas", "--explain", "--format", "json").object
        let explanation = answer["explanation"] as? [String: Any] ?? [:]
        #expect(explanation.list("phases").contains { $0.string("name") == "encode" })
        #expect(explanation.int("distance_computations") == 4)
        #expect(explanation["dense_weight"] is Double && explanation["lexical_weight"] is Double)
        #expect(explanation.string("fusion") == "scores")
        for hit in answer.list("hits") {
            let parts = ["dense_part", "lexical_part", "token_part"].map {
                hit[$0] as? Double ?? .nan
            }
            let sum = try #require(hit["score"] as? Double)
            #expect(abs(parts.reduce(0, +) - sum) < 1e-12)
        }
        #expect(try vdb.run("query", "gas", "--explain").output.contains("4 distances computed"))
    }

    @Test func hybridWeight() throws {
        func score(_ arguments: String...) throws -> Double? {
            try vdb.run(["query", "tides", "--format", "json"] + arguments)
                .object.list("hits").first?["score"] as? Double
        }
        // First by both.
        for weight in [0.0, 2] {
            for (fusion, best) in [("scores", 1 + weight), ("ranks", (1 + weight) / 61)] {
                let found =
                    try score(
                        "--fusion", fusion, "--hybrid-weight", "\(weight)", "--token-weight", "0")
                    ?? .nan
                #expect(abs(found - best) < 1e-12)
            }
        }
        let usual = try score() ?? .nan
        // 1 by words, 0.4 by vectors, 0.3 by tokens.
        #expect(abs(usual - 1.7) < 1e-12)
        try vdb.fails(64, "--token-weight", "query", "tides", "--token-weight", "inf")
        try vdb.fails(
            64, "--token-weight needs a text beside the vector", "query", "--vector", "[1,2]",
            "--token-weight", "0.5")
        try vdb.fails(64, "fusion", "query", "tides", "--fusion", "sums")
        try vdb.fails(64, "--hybrid-weight", "query", "tides", "--hybrid-weight=-1")
        try vdb.fails(64, "--hybrid-weight", "query", "tides", "--hybrid-weight", "nan")
    }

    @Test func nothingFound() throws {
        let result = try vdb.run("query", "xylophone", "--mode", "lexical")
        #expect(result.status == 0 && result.output.isEmpty)
        #expect(result.errors == "vdb: nothing found\n")
    }

    @Test func usageErrors() throws {
        try vdb.fails(64, "there is no query", "query")
        try vdb.fails(64, "-k must be at least 1", "query", "a", "-k", "0")
        try vdb.fails(64, "column 8: expected a number", "query", "a", "--where", "year = ")
        try vdb.fails(64, "--vector must be a JSON array", "query", "--vector", "[1,\"x\"]")
        try vdb.fails(64, "--queries cannot be used with a text", "query", "a", "--queries", "f")
        try vdb.fails(64, "Unknown option '--foo'", "query", "a", "--foo")
        try vdb.fails(65, "has 2 dimensions, but 384", "query", "--vector", "[1,2]")
        try vdb.fails(66, "there is no database here", "query", "a", "--db", "none.vdb")
        try vdb.fails(66, "there is no collection 'x'", "query", "a", "--collection", "x")
        try vdb.write("text.vdb", "not a database, but long enough to look at, whatever it says")
        try vdb.fails(65, "is not a vdb database", "query", "a", "--db", "text.vdb")
        #expect(!FileManager.default.fileExists(atPath: vdb.path("none.vdb")))
    }
}
