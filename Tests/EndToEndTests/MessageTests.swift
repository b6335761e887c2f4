import Foundation
import Testing

/// What the program says when something is not as the user thinks.
@Suite(.serialized) struct MessageTests {
    let vdb = Program()

    @Test func misspelledCommands() throws {
        try vdb.fails(64, "'vdb qurey' is not a command; did you mean 'query'?", "qurey", "x")
        try vdb.fails(64, "did you mean 'query'?", "serach", "x", "--db", "a.vdb")
        try vdb.fails(64, "did you mean 'eval retrieval'?", "eval", "retreival", "x")
        try vdb.fails(64, "did you mean 'stats'?", "help", "stat")
        try vdb.fails(64, "is not a command; see 'vdb help'", "zzzzzzzz")
    }

    @Test func theVersion() throws {
        let version = try vdb.run("--version").output
        #expect(version.hasPrefix("0."))
        #expect(try vdb.run("-V").output == version)
        #expect(try vdb.run("version").output == version)
    }

    @Test func severalWordsAreOneQuery() throws {
        try vdb.ingestCorpus()
        #expect(try vdb.run("query", "gas", "-k1", "--format", "json").object.hitIDs.count == 1)
        let answer = try vdb.run(
            "query", "oceans", "two", "bulges", "--mode", "lexical", "--format", "json")
        #expect(answer.object.string("query") == "oceans two bulges")
        #expect(answer.object.hitIDs == ["tides"])
        try vdb.fails(64, "after --", "query")
        let piped = try vdb.run(
            "query", "-", "--mode", "lexical", "--format", "json", input: "oceans\nbulges\n")
        #expect(piped.object.hitIDs == ["tides"])
        try vdb.fails(64, "standard input has no query", "query", "-", input: " \n")
        let dashed = try vdb.run("query", "--mode", "lexical", "--format", "json", "--", "-oceans")
        #expect(dashed.object.hitIDs == ["tides"])
    }

    @Test func listSaysThatThereIsMore() throws {
        try vdb.ingestCorpus()
        let some = try vdb.run("list", "--limit", "3")
        #expect(some.lines.count == 3 && some.errors.contains("there are more"))
        let all = try vdb.run("list", "--limit", "4")
        #expect(all.lines.count == 4 && all.errors.isEmpty)
        #expect(try vdb.run("list", "--limit", "3", "--quiet").errors.isEmpty)
    }

    @Test func droppingAnIndexThatIsNotThere() throws {
        try vdb.ingestCorpus()
        let nothing = try vdb.run("index-field", "nope", "--drop")
        #expect(nothing.status == 0 && nothing.errors == "nope: was not indexed\n")
        #expect(try vdb.run("index-field", "year").status == 0)
        #expect(try vdb.run("index-field", "year", "--drop").status == 0)
    }

    @Test func passagesThatWouldNotAdvance() throws {
        try vdb.write("a.txt", "some words")
        try vdb.fails(
            64, "--chunk-overlap must be less than the 5 tokens of a passage", "ingest", "a.txt",
            "--chunk-tokens", "5", "--chunk-overlap", "10")
        try vdb.fails(
            64, "--chunk-overlap must be less", "ingest", "a.txt", "--chunk-tokens", "5",
            "--chunk-overlap", "5")
        try vdb.fails(
            64, "--chunk-overlap must be less", "ingest", "a.txt", "--chunk-overlap", "256")
        let fine = try vdb.run(
            "ingest", "a.txt", "--chunk-tokens", "5", "--chunk-overlap", "4", "--quiet")
        #expect(fine.status == 0)
    }

    @Test func readyMadeVectorsAreNotAskedByText() throws {
        try vdb.write("v.jsonl", #"{"_id":"a","text":"tides","vector":[1,0]}"# + "\n")
        #expect(try vdb.run("ingest", "v.jsonl", "--quiet").status == 0)
        let result = try vdb.run("query", "tides")
        #expect(result.status == 0 && result.output.contains("a"))
        #expect(result.errors.contains("searched by words only"))
        #expect(try vdb.run("query", "tides", "--mode", "lexical").errors.isEmpty)
    }

    @Test func textsLongerThanTheModelReads() throws {
        let text = String(repeating: "many words about tides ", count: 400)
        try vdb.write("long.jsonl", #"{"_id":"long","text":"\#(text)"}"# + "\n")
        let result = try vdb.run("ingest", "long.jsonl", "--chunk-tokens", "0")
        #expect(
            result.status == 0
                && result.errors.contains("1 document is longer than the model reads"))
        // The last line stays what scripts read.
        #expect(Program.object(result.errorLines.last ?? "").int("truncated") == 1)
    }

    // MARK: Streams

    @Test(arguments: ["jsonl", "csv", "text"]) func streamsWithoutIDsStayApart(format: String)
        throws
    {
        let inputs: [(first: String, second: String)] = [
            "jsonl": (#"{"text":"one"}"# + "\n" + #"{"text":"two"}"#, #"{"text":"three"}"#),
            "csv": ("text\none\ntwo\n", "text\nthree\n"),
            "text": ("one", "three"),
        ].filter { $0.key == format }.map(\.value)
        let (first, second) = try #require(inputs.first)
        func ingest(_ input: String) throws -> [String: Any] {
            try vdb.run(
                "ingest", "-", "--format", format, "--summary", "json", "--quiet", input: input
            ).object
        }
        let count = format == "text" ? 1 : 2
        #expect(try ingest(first).int("inserted") == count)
        #expect(try ingest(second).int("inserted") == 1)
        #expect(try ingest(first).int("unchanged") == count)
        let listed = try vdb.run("list", "--format", "json").objects
        #expect(listed.count == count + 1)
    }

    @Test func queriesFromAStreamAreNumbered() throws {
        try vdb.ingestCorpus()
        let answers = try vdb.run(
            "query", "--queries", "-", "--mode", "lexical", "--format", "json",
            input: #"{"text":"gas"}"# + "\n" + #"{"text":"gas"}"# + "\n")
        #expect(answers.objects.map { $0.string("query_id") } == ["stdin:1", "stdin:2"])
    }

    // MARK: Evaluation

    @Test func gradesAsDataFramesWriteThem() throws {
        try vdb.write("a.run", "q Q0 d 1 2.5 r\nq Q0 e 2 1.5 r\n")
        try vdb.write("whole.tsv", "query-id\tcorpus-id\tscore\nq\td\t2\nq\te\t1\n")
        try vdb.write("float.tsv", "query-id\tcorpus-id\tscore\nq\td\t2.0\nq\te\t1.0\n")
        try vdb.write("bare.tsv", "q\td\t2.0\nq\te\t1.0\n")
        let whole = try vdb.run("eval", "run", "a.run", "whole.tsv", "--format", "json")
        for file in ["float.tsv", "bare.tsv"] {
            let result = try vdb.run("eval", "run", "a.run", file, "--format", "json")
            #expect(result.output == whole.output && result.errors.isEmpty)
        }
        try vdb.write("half.tsv", "q\td\t0.5\n")
        try vdb.fails(
            65, "half.tsv:1: the grade is not a whole number: '0.5'", "eval", "run",
            "a.run", "half.tsv")
        try vdb.write("huge.tsv", "q\td\t1e300\n")
        try vdb.fails(65, "not a whole number", "eval", "run", "a.run", "huge.tsv")
        try vdb.write("word.tsv", "q\td\t1\nq\te\thigh\n")
        try vdb.fails(
            65, "word.tsv:2: the grade is not a number: 'high'", "eval", "run", "a.run",
            "word.tsv")
    }

    @Test func noQueryInCommon() throws {
        try vdb.write("a.run", "q1 Q0 d 1 2.5 r\n")
        try vdb.write("other.tsv", "x1\td\t1\nx2\td\t1\n")
        let result = try vdb.run("eval", "run", "a.run", "other.tsv", "--format", "json")
        #expect(result.status == 0 && result.object["map"] as? Double == 0)
        #expect(result.errors.contains("answers none of the 2 queries"))
        let both = try vdb.run("eval", "compare", "a.run", "a.run", "other.tsv")
        #expect(both.errorLines.count == 2)
    }

    @Test func idsThatARunCannotHold() throws {
        try vdb.write(
            "c.jsonl",
            #"{"_id":"two words","text":"gas"}"# + "\n" + #"{"_id":"50%","text":"gas"}"# + "\n")
        #expect(try vdb.run("ingest", "c.jsonl", "--quiet").status == 0)
        try vdb.fails(
            65, "the id 'two words' is empty or has white space", "query", "gas", "--mode",
            "lexical",
            "--format", "trec")
        let run = try vdb.run(
            "query", "gas", "--mode", "lexical", "--format", "trec", "--escape-ids")
        let ids = Set(run.lines.map { $0.split(separator: " ")[2] })
        #expect(
            ids == ["two%20words", "50%25"]
                && run.lines.allSatisfy { $0.split(separator: " ").count == 6 })
        // In an evaluation, whose run is refused before anything of it is written.
        try vdb.write("beir/corpus.jsonl", #"{"_id":"two words","text":"gas"}"# + "\n")
        try vdb.write("beir/queries.jsonl", #"{"_id":"q","text":"gas"}"# + "\n")
        try vdb.write("beir/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\ttwo words\t1\n")
        let base = ["eval", "retrieval", "beir", "--mode", "lexical", "--db", "e.vdb", "--quiet"]
        let refused = try vdb.run(base + ["--run", "e.run"])
        #expect(refused.status == 65 && refused.errors.contains("pass --escape-ids"))
        #expect(!FileManager.default.fileExists(atPath: vdb.path("e.run")))
        #expect(try vdb.run(base + ["--run", "e.run", "--escape-ids"]).status == 0)
        let text = try String(contentsOfFile: vdb.path("e.run"), encoding: .utf8)
        #expect(text.hasPrefix("q Q0 two%20words 1 "))
    }

    @Test func denseAfterLexicalAndBack() throws {
        try vdb.write("beir/corpus.jsonl", Program.corpus)
        try vdb.write("beir/queries.jsonl", #"{"_id":"q","text":"why dough rises"}"# + "\n")
        try vdb.write("beir/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\tbread\t1\n")
        func measure(_ mode: String) throws -> Program.Result {
            try vdb.run(
                "eval", "retrieval", "beir", "--db", "e.vdb", "--format", "json", "--mode", mode)
        }
        #expect(try measure("lexical").status == 0)
        let dense = try measure("dense")
        #expect(dense.status == 0 && dense.object["recall_100"] as? Double == 1, "\(dense.errors)")
        try vdb.write("beir/corpus.jsonl", Program.corpus + #"{"_id":"new","text":"new"}"# + "\n")
        let lexical = try measure("lexical")
        #expect(lexical.status == 0, "\(lexical.errors)")
        #expect(
            try vdb.run("stats", "--db", "e.vdb", "--format", "json").object.int("documents") == 5)
    }

    // MARK: Terminals

    /// A text that clears the screen, sets the title and turns the direction of writing.
    private static let wild = "a\u{1B}[2Jb\u{1B}]0;title\u{07}c\u{9B}31md\u{202E}e\rf"

    @Test func controlCharactersReachNoTerminal() throws {
        let line =
            #"{"_id":"x","title":"a\u001b[2Jb","#
            + #""text":"a\u001b[2Jb\u001b]0;title\u0007c\u009b31md\u202ee\rf","#
            + #""note":"\u001b[2J\u009b"}"#
        try vdb.write("c.jsonl", line + "\n")
        #expect(try vdb.run("ingest", "c.jsonl", "--quiet").status == 0)
        for arguments in [
            ["get", "x"], ["get", "x", "--format", "json"], ["list"], ["query", "title"],
            ["query", "title", "--format", "json"], ["export"], ["get", "\u{1B}[2Jno"],
            ["embed", Self.wild], ["decode", Self.wild, "--max-tokens", "2"],
        ] {
            let shown = try vdb.onTerminal(arguments)
            #expect(!shown.isEmpty)
            let allowed = ["\u{1B}[0m", "\u{1B}[1m", "\u{1B}[2m", "\u{1B}[K", "\r\n", "\n", "\t"]
            let rest = allowed.reduce(shown) { $0.replacingOccurrences(of: $1, with: "") }
            let controls = rest.unicodeScalars.filter {
                $0.properties.generalCategory == .control || $0.properties.isBidiControl
            }
            #expect(
                controls.isEmpty, "\(arguments): \(controls.map { String($0.value, radix: 16) })")
        }
        // A pipe gets what is stored.
        #expect(try vdb.run("get", "x").output.contains("a\u{1B}[2Jb"))
    }

    @Test func completionsNameFiles() throws {
        let script = try vdb.run("completions", "bash").output
        #expect(script.contains("'--db')\n        __vdb_add_completions -f"))
    }
}
