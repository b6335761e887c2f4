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

    /// Two folders whose names differ in their bytes alone, and a name that begins with a combining
    /// mark, which Swift joins with the slash before it.
    @Test func syncTellsFoldersApart() throws {
        let names = ["n\u{E9}/a.txt", "ne\u{301}/a.txt", "n\u{E9}/\u{301}.txt"]
        for name in names { try vdb.write(name, "tea from \(name.utf8.count)") }
        try vdb.run("ingest", "n\u{E9}", "ne\u{301}", "-q", "--sync")
        func ids() throws -> Set<[UInt8]> {
            Set(
                try vdb.run("list", "--format", "json").objects
                    .compactMap { ($0["id"] as? String).map { Array($0.utf8) } })
        }
        #expect(try ids() == Set(names.map { Array($0.utf8) }))
        try FileManager.default.removeItem(atPath: vdb.path("n\u{E9}/a.txt"))
        try vdb.run("ingest", "n\u{E9}", "ne\u{301}", "-q", "--sync")
        #expect(try ids() == Set(names.dropFirst().map { Array($0.utf8) }))
    }

    @Test func aSourceThatMovesBetweenSuchNamesIsFollowed() throws {
        let row = "{\"_id\":\"a\",\"text\":\"tea\"}\n"
        for name in ["caf\u{E9}.jsonl", "cafe\u{301}.jsonl"] {
            try vdb.write(name, row)
            let summary = try vdb.run("ingest", name, "-q", "--sync", "--summary", "json").object
            #expect(summary["failed"] as? Int == 0)
        }
        // The document is in the second file now: what the first no longer holds leaves it alone.
        try vdb.write("caf\u{E9}.jsonl", "{\"_id\":\"b\",\"text\":\"green\"}\n")
        try vdb.run("ingest", "caf\u{E9}.jsonl", "-q", "--sync")
        #expect(try vdb.run("list", "--format", "json").objects.count == 2)
    }

    @Test func collectionsAreToldApart() throws {
        try vdb.write("c.jsonl", Self.corpus)
        for (name, count) in [("caf\u{E9}", 2), ("cafe\u{301}", 1)] {
            try vdb.write(
                "c.jsonl", Self.corpus.split(separator: "\n").prefix(count).joined(separator: "\n"))
            try vdb.run("ingest", "c.jsonl", "-q", "--collection", name)
        }
        for (name, count) in [("caf\u{E9}", 2), ("cafe\u{301}", 1)] {
            let listed = try vdb.run("list", "--format", "json", "--collection", name).objects
            #expect(listed.count == count)
        }
        try vdb.run("check")
    }
}
