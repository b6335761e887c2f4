import Foundation
import Testing

/// Identifying text is its bytes: an `é` in one code point and one in two are two names.
@Suite struct IdentifierTests {
    let vdb = Program()
    static let corpus = """
        {"_id":"caf\u{E9}","text":"green tea","kind\u{E9}":"one"}
        {"_id":"cafe\u{301}","text":"black tea","kinde\u{301}":"two"}

        """

    @Test(arguments: ["skip", "error", "replace"])
    func bothAreStored(policy: String) throws {
        try vdb.write("c.jsonl", Self.corpus)
        try vdb.run("ingest", "c.jsonl", "-q", "--on-conflict", policy)
        #expect(try vdb.run("list", "--format", "json").objects.count == 2)
    }

    @Test func theyAreUnchangedTheNextTime() throws {
        try vdb.write("c.jsonl", Self.corpus)
        try vdb.run("ingest", "c.jsonl", "-q")
        let summary = try vdb.run("ingest", "c.jsonl", "-q", "--summary", "json").object
        #expect(summary["unchanged"] as? Int == 2)
        #expect(summary["tokens"] as? Int == 0)
    }

    @Test func filtersTellFieldsApart() throws {
        try vdb.write("c.jsonl", Self.corpus)
        try vdb.run("ingest", "c.jsonl", "-q")
        let either = "kind\u{E9} = 'one' OR kinde\u{301} = 'two'"
        for (filter, count) in [
            ("kind\u{E9} = 'one'", 1), ("kinde\u{301} = 'one'", 0), (either, 2),
        ] {
            let hits = try vdb.run(
                "query", "tea", "--mode", "lexical", "--where", filter, "--format", "json"
            ).object.hitIDs
            #expect(hits.count == count, "\(filter)")
        }
    }

    @Test func integersBeyond64BitsKeepTheirDigitsAndAreNotCompared() throws {
        let digits = "12345678901234567890"
        try vdb.write("c.jsonl", "{\"_id\":\"a\",\"text\":\"tea\",\"n\":\(digits)}\n")
        try vdb.run("ingest", "c.jsonl", "-q")
        #expect(try vdb.run("export").output.contains("\"n\":\(digits)"))
        try vdb.fails(64, "at most 64 bits", "query", "tea", "--where", "n = \(digits)")
    }

    @Test func deletingOneLeavesTheOther() throws {
        try vdb.write("c.jsonl", Self.corpus)
        try vdb.run("ingest", "c.jsonl", "-q")
        try vdb.run("delete", "caf\u{E9}")
        #expect(try vdb.run("list", "--format", "json").objects.count == 1)
    }
}
