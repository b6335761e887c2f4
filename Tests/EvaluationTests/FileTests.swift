import Evaluation
import Foundation
import TestSupport
import Testing

/// A folder of files for one test, removed afterwards.
struct Folder {
    private let temporary = TemporaryFolder()
    var url: URL { temporary.url }

    init(_ files: [String: String]) throws {
        for (name, text) in files { try temporary.write(name, text) }
    }

    func path(_ name: String) -> String { temporary.file(name) }
}

@Suite struct JudgmentsFileTests {
    private func read(_ text: String) throws -> Judgments {
        let folder = try Folder(["qrels": text])
        return try Judgments(contentsOf: folder.url.appending(path: "qrels"))
    }

    @Test(
        "both forms, with and without header, CRLF, a byte order mark and a last line without end")
    func forms() throws {
        let wanted = Judgments(["q1": ["d1": 2, "d2": -1], "q2": ["d1": 0]])
        #expect(try read("q1 0 d1 2\nq1 0 d2 -1\nq2 Q0 d1 0\n") == wanted)
        #expect(try read("q1\t0\td1\t2\r\n\r\nq1\t0  d2\t-1\r\nq2\t0\td1\t0") == wanted)
        #expect(
            try read("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t-1\nq2\td1\t0\n") == wanted)
        #expect(try read("\u{FEFF}q1\td1\t2\nq1\td2\t-1\nq2\td1\t0\n") == wanted)
    }

    @Test("a BEIR id may hold spaces")
    func spaces() throws {
        #expect(try read("q\td\ts\nq 1\td 1\t1\n") == Judgments(["q 1": ["d 1": 1]]))
    }

    @Test("ids are bytes: one code point and two are different documents")
    func bytes() throws {
        let found = try read("q 0 caf\u{E9} 1\nq 0 cafe\u{301} 2\n")
        #expect(found["q"].count == 2)
    }

    @Test("the same judgment twice is one, another grade is an error with its line")
    func repeated() throws {
        #expect(try read("q 0 d 1\nq 0 d 1\n")["q"] == ["d": 1])
        let folder = try Folder(["qrels": "q 0 d 1\n\nq 0 d 2\n"])
        #expect(
            throws: EvaluationError.malformed(
                path: folder.path("qrels"), line: 3,
                problem: .conflictingGrades(query: "q", document: "d", first: 1, second: 2))
        ) { try Judgments(contentsOf: folder.url.appending(path: "qrels")) }
    }

    @Test(
        "what breaks the format names the line",
        arguments: [
            ("q 0 d 1\nq 0 d\n", 2), ("q 0 d one\n", 1), ("q\td\t1\nq\td\n", 2),
            ("q 0 d 1.5\n", 1), ("h\th\th\nq\td\tx\n", 2), ("q 0 d 99999999999999999999\n", 1),
        ])
    func malformed(text: String, line: Int) throws {
        let error = try #require(throws: EvaluationError.self) { try read(text) }
        guard case .malformed(_, let found, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(found == line)
    }

    @Test("an absent and an empty file say so")
    func nothing() throws {
        let error = try #require(throws: EvaluationError.self) { try read("\n \n") }
        #expect("\(error)".hasSuffix("qrels: holds no judgments"))
        #expect(throws: EvaluationError.missing(path: "/no/such/qrels")) {
            try Judgments(contentsOf: URL(filePath: "/no/such/qrels"))
        }
    }
}

@Suite struct RunFileTests {
    private func read(_ text: String) throws -> Run {
        let folder = try Folder(["run": text])
        return try Run(contentsOf: folder.url.appending(path: "run"))
    }

    @Test("scores decide, then the greater id; the stated rank counts for nothing")
    func order() throws {
        let run = try read("q Q0 a 1 0.5 x\nq Q0 b 2 0.5 x\nq Q0 c 3 2e0 x\nq\tQ0\tB 4 0.5 x\n")
        #expect(run.ranking(of: "q") == ["c", "b", "a", "B"])
        #expect(run.name == "x")
        #expect(run.ranking(of: "other").isEmpty)
    }

    @Test("scores that 32 bits cannot tell apart are equal")
    func float32() throws {
        let run = try read("q Q0 a 1 0.10000000001 x\nq Q0 b 2 0.1 x\n")
        #expect(run.ranking(of: "q") == ["b", "a"])
    }

    @Test("written and read again it is the same ranking")
    func roundTrip() throws {
        var run = Run(name: "mine")
        run["q"] = (0..<50).map {
            Run.Hit(document: Identifier("d\($0)"), score: 1 / Float($0 + 3))
        }
        let again = try read(run.lines(of: "q"))
        #expect(again.ranking(of: "q") == run.ranking(of: "q"))
        #expect(again["q"].map(\.score) == run["q"].map(\.score))
        #expect(again.name == "mine")
    }

    @Test("a document twice, a score that is none, a missing column: refused with the line")
    func malformed() throws {
        for (text, problem) in [
            (
                "q Q0 d 1 2 x\np Q0 d 1 2 x\nq Q0 d 2 1 x\n",
                "3: document 'd' comes twice for query 'q'"
            ),
            ("q Q0 d 1 high x\n", "1: the score is not a number: 'high'"),
            ("q Q0 d 1 nan x\n", "1: the score is not a number: 'nan'"),
            (
                "q Q0 d 1 2\n",
                "1: expected 'query Q0 document rank score name', got 5 fields"
            ),
        ] {
            let error = try #require(throws: EvaluationError.self) { try read(text) }
            #expect("\(error)".hasSuffix("run:\(problem)"))
        }
    }

    @Test("bytes that are not UTF-8 are refused")
    func invalid() throws {
        let folder = try Folder(["run": ""])
        let file = folder.url.appending(path: "run")
        try Data(Array("q Q0 ".utf8) + [0xFF] + Array(" 1 1 x\n".utf8)).write(to: file)
        #expect(
            throws: EvaluationError.malformed(
                path: folder.path("run"), line: 1, problem: .notUTF8)
        ) { try Run(contentsOf: file) }
    }

    @Test("lines longer than a read and files larger than one are whole")
    func large() throws {
        var text = ""
        for i in 0..<60_000 { text += "q Q0 document-number-\(i) \(i) \(60_000 - i) x\n" }
        let run = try read(text)
        #expect(run["q"].count == 60_000)
        #expect(run.ranking(of: "q").last == "document-number-59999")
    }
}
