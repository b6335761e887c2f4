import Foundation
import Testing

/// What is shown of hits: the place in a passage, duplicates, and scores that are enough.
@Suite(.serialized) struct SnippetTests {
    let vdb = Program()

    private static let filler = (0..<8).map {
        "Sentence number \($0) of the filler says nothing that anybody would ask for. "
    }.joined()
    private static let answer = "Yeast breathes out the gas that raises dough in the bowl."
    private static let text = "First line.\n" + filler + "\n\n" + answer + " " + filler

    private func ingest(_ documents: [(id: String, title: String, text: String)]) throws {
        let lines = try documents.map { document in
            let object = ["_id": document.id, "title": document.title, "text": document.text]
            return String(
                decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        }
        try vdb.write("d.jsonl", lines.joined(separator: "\n") + "\n")
        #expect(try vdb.run("ingest", "d.jsonl", "-q").status == 0)
    }

    private func hits(_ arguments: String...) throws -> [[String: Any]] {
        try vdb.run(["query", "--format", "json"] + arguments).object.list("hits")
    }

    /// The part of a hit's text that a pair of code points is.
    private func part(_ pair: Any?, of hit: [String: Any]) -> String {
        guard let pair = pair as? [Int], pair.count == 2, let text = hit.string("text") else {
            return ""
        }
        let scalars = Array(text.unicodeScalars)[pair[0]..<pair[1]]
        return String(String.UnicodeScalarView(scalars))
    }

    @Test func theWordsOfTheQuery() throws {
        try ingest([("a", "", Self.text.replacingOccurrences(of: "bowl", with: "bowl 🍞 é"))])
        let hit = try #require(hits("dough", "--mode", "lexical").first)
        let highlights = hit["highlights"] as? [[Int]] ?? []
        #expect(highlights.map { part($0, of: hit) } == ["dough"])
        #expect(part(hit["snippet"], of: hit).contains("raises dough in the bowl 🍞 é."))
        #expect(hit.int("offset") == 0 && hit.int("line") == 4)
        #expect(hit["duplicates"] as? [String] == [])
        // No word is in it: only the beginning is known.
        let other = try #require(hits("pizza", "--mode", "dense").first)
        #expect(other["snippet"] is NSNull && other.int("line") == 1)
    }

    @Test func theNearestSentence() throws {
        try ingest([("a", "", Self.text)])
        let question = "what makes bread rise"
        let hit = try #require(hits(question, "--mode", "dense", "--snippet", "nearest").first)
        #expect(part(hit["snippet"], of: hit) == Self.answer)
        #expect(hit.int("line") == 4)
        let table = try vdb.run(
            "query", question, "--mode", "dense", "--snippet", "nearest",
            environment: ["COLUMNS": "60"])
        #expect(table.lines.count == 4 && table.lines[1].hasPrefix("   … Yeast breathes out"))
        // A word in the title alone does not tell the place either.
        try vdb.write(
            "t.jsonl",
            #"{"_id":"t","title":"Bread","text":"\#(Self.filler)\#(Self.answer) \#(Self.filler)"}"#
                + "\n")
        #expect(try vdb.run("ingest", "t.jsonl", "--db", "t.vdb", "-q").status == 0)
        let titled = try #require(
            hits("bread rises", "--db", "t.vdb", "--snippet", "nearest").first)
        #expect(part(titled["snippet"], of: titled) == Self.answer)
        // Without being asked, a pipe does not wait for it, and a terminal does.
        let piped = try vdb.run("query", question, "--mode", "dense")
        #expect(piped.lines[1].hasPrefix("   First line."))
        try vdb.fails(
            64, "--snippet nearest needs a single query", "query", "a", "--format", "trec",
            "--snippet", "nearest")
    }

    /// Where a passage is in its document, as `vdb get` shows it.
    @Test func placesInLongDocuments() throws {
        let lines = (0..<300).map { "Line \($0) has the number \($0 * 7919 % 10007) é.\n" }
        try vdb.write("long.txt", lines.joined())
        #expect(try vdb.run("ingest", "long.txt", "-q").status == 0)
        let whole = try vdb.run("get", "long.txt", "--format", "json").object.string("text") ?? ""
        for line in [3, 120, 290] {
            let hit = try #require(
                hits("\(line * 7919 % 10007)", "--mode", "lexical", "-k", "1").first)
            let offset = hit.int("offset") ?? -1
            let text = hit.string("text") ?? ""
            let scalars = Array(whole.unicodeScalars).dropFirst(offset)
            #expect(String(String.UnicodeScalarView(scalars)).hasPrefix(text))
            #expect(line < 100 || offset > 0)
            let shown = hit.int("line") ?? 0
            let snippet = part(hit["snippet"], of: hit)
            let linesOfWhole = whole.components(separatedBy: "\n")
            #expect(linesOfWhole[shown - 1].contains(snippet.prefix { $0 != "\n" }))
        }
    }

    @Test func duplicatesAreOneHit() throws {
        try ingest([
            ("a", "Bread", "The same text about dough."),
            ("b", "Bread", "The same text about dough.\n"),
            ("c", "Cake", "The same text about dough."), ("d", "", "Other dough."), ("e", "", ""),
            ("f", "", ""),
        ])
        let merged = try hits("dough", "--mode", "lexical")
        #expect(Set(merged.compactMap { $0.string("id") }) == ["a", "c", "d"])
        let first = try #require(merged.first { $0.string("id") == "a" })
        #expect(first["duplicates"] as? [String] == ["b"])
        #expect(merged.map { $0.int("rank") } == [1, 2, 3])
        let table = try vdb.run("query", "dough", "--mode", "lexical")
        #expect(table.output.contains("+ 1 with the same text: b"))
        let all = try hits("dough", "--mode", "lexical", "--duplicates")
        #expect(all.count == 4)
        let run = try vdb.run("query", "dough", "--mode", "lexical", "--format", "trec")
        #expect(run.lines.count == 4)
        // Copies of a file have other names, which are no titles of their own.
        try vdb.write("n/a.txt", "Text of a file about whales.")
        try vdb.write("n/copy of a.txt", "Text of a file about whales.")
        #expect(try vdb.run("ingest", "n", "--db", "n.vdb", "-q").status == 0)
        let files = try hits("whales", "--db", "n.vdb")
        #expect(files.count == 1 && (files[0]["duplicates"] as? [String])?.count == 1)
        // As many hits as were asked for, if there are so many texts.
        try ingest((0..<6).map { ("x\($0)", "", "Tides \($0 / 2) of the sea.") })
        #expect(try hits("tides", "--mode", "lexical", "-k", "3").count == 3)
    }

    @Test func scoresThatAreEnough() throws {
        try vdb.ingestCorpus()
        let all = try hits("gas")
        let scores = all.compactMap { $0["score"] as? Double }
        try #require(scores.count == 4 && scores[1] > scores[2])
        #expect(try hits("gas", "--min-score", "\(scores[1])").count == 2)
        let none = try vdb.run("query", "gas", "--min-score", "9.5")
        #expect(none.status == 0 && none.output.isEmpty)
        #expect(
            none.errors
                == "vdb: nothing found with a score of at least 9.5; the best has "
                + String(format: "%.4f", scores[0]) + "\n")
        #expect(try hits("gas", "--min-score", "-1").count == 4)
        try vdb.fails(64, "--min-score must be a number", "query", "gas", "--min-score", "nan")
        // An empty text is a query like others, as programs pass on what they have.
        #expect(try hits("", "--mode", "dense").count == 4)
    }
}
