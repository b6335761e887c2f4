import Evaluation
import Foundation
import Testing

@Suite struct CollectionTests {
    private let queries = """
        {"_id": "1", "text": "first", "metadata": {}}
        {"_id": "3", "text": "never judged"}
        {"_id": "2", "text": "second"}

        """

    @Test("a BEIR folder: test by default, the judged queries, and those that have no text")
    func beir() throws {
        let folder = try Folder([
            "corpus.jsonl": "", "queries.jsonl": queries,
            "qrels/test.tsv": "query-id\tcorpus-id\tscore\n2\td\t1\n1\td\t1\n9\td\t1\n",
            "qrels/dev.tsv": "query-id\tcorpus-id\tscore\n1\td\t1\n",
        ])
        let found = try TestCollection(folder: folder.url)
        #expect(found.layout == .beir && found.split == "test")
        #expect(found.queries.map(\.text) == ["first", "second"])
        #expect(found.queriesWithoutText == ["9"])
        #expect(found.corpus.lastPathComponent == "corpus.jsonl")
        #expect(try TestCollection(folder: folder.url, split: "dev").judgments.queries == ["1"])
        #expect(
            throws: EvaluationError.noSuchSplit(
                folder: folder.url.path(percentEncoded: false), split: "train",
                found: ["dev", "test"])
        ) { try TestCollection(folder: folder.url, split: "train") }
    }

    @Test("MS MARCO's judged split is dev, in BEIR's layout, too")
    func msMarcoInBEIR() throws {
        let qrels = "query-id\tcorpus-id\tscore\n1\td\t1\n"
        let folder = try Folder([
            "msmarco/corpus.jsonl": "", "msmarco/queries.jsonl": queries,
            "msmarco/qrels/test.tsv": qrels, "msmarco/qrels/dev.tsv": qrels,
        ])
        #expect(try TestCollection(folder: folder.url.appending(path: "msmarco")).split == "dev")
    }

    @Test("an MS MARCO folder: the small dev set where it is, any split by name")
    func msMarco() throws {
        let folder = try Folder([
            "collection.tsv": "0\ttext\n", "queries.dev.small.tsv": "1\tfirst\n2\tsecond\n",
            "qrels.dev.small.tsv": "1\t0\t0\t1\n", "queries.mine.tsv": "7\tseventh\n",
            "qrels.mine.tsv": "7 0 0 1\n",
        ])
        let found = try TestCollection(folder: folder.url)
        #expect(found.layout == .msMarco && found.split == "dev.small")
        #expect(found.queries.map(\.text) == ["first"])
        #expect(try TestCollection(folder: folder.url, split: "dev").split == "dev.small")
        let mine = try TestCollection(folder: folder.url, split: "mine")
        #expect(mine.queries.map(\.id) == ["7"])
    }

    @Test("neither layout, and queries that break theirs")
    func broken() throws {
        let empty = try Folder(["readme": ""])
        #expect(
            throws: EvaluationError.unknownLayout(folder: empty.url.path(percentEncoded: false))
        ) { try TestCollection(folder: empty.url) }
        for (line, problem) in [
            ("{\"_id\": \"1\"}", "2: the object has no text under 'text'"),
            ("{\"_id\": 1, \"text\": \"x\"}", "2: query '1' comes twice"),
            ("{\"_id\": 1.5, \"text\": \"x\"}", "2: the object has no text under '_id'"),
            ("[]", "2: the line is not a JSON object"),
            ("{\"_id\": \"1\", \"text\": \"x\"}", "2: query '1' comes twice"),
        ] {
            let folder = try Folder([
                "corpus.jsonl": "",
                "queries.jsonl": "{\"_id\": \"1\", \"text\": \"first\"}\n\(line)\n",
                "qrels/test.tsv": "1\td\t1\n",
            ])
            let error = try #require(throws: EvaluationError.self) {
                try TestCollection(folder: folder.url)
            }
            #expect("\(error)".hasSuffix("queries.jsonl:\(problem)"))
        }
    }

    @Test("STS: columns by their names, quotation marks kept, errors with the line")
    func sentencePairs() throws {
        let folder = try Folder([
            "a.tsv": "sentence1\tsentence2\tscore\nA \"b\"\tc\t4.5\nd\t\t0\n",
            "b.tsv": "id\tscore\tsentence2\tsentence1\n7\t1\ttwo\tone\n",
            "c.tsv": "one\ttwo\t3\n", "d.tsv": "sentence1\tsentence2\tscore\na\tb\tx\n",
        ])
        let read = { (name: String) throws in
            try SentencePairs(contentsOf: folder.url.appending(path: name))
        }
        let first = try read("a.tsv")
        #expect(first.name == "a" && first.pairs.map(\.first) == ["A \"b\"", "d"])
        #expect(first.pairs.map(\.score) == [4.5, 0])
        let second = try read("b.tsv")
        #expect(second.pairs[0].first == "one" && second.pairs[0].second == "two")
        #expect(throws: EvaluationError.self) { try read("c.tsv") }
        #expect(
            throws: EvaluationError.malformed(
                path: folder.path("d.tsv"), line: 2,
                problem: .notANumber(field: "score", text: "x"))
        ) { try read("d.tsv") }
    }
}
