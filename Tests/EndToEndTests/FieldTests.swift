import Foundation
import Testing

/// Filters wherever they are, fields, and changes of metadata.
@Suite(.serialized) struct FieldTests {
    let vdb = Program()

    private func ids(_ arguments: String...) throws -> [String] {
        try vdb.run(["list", "--format", "json"] + arguments).objects.compactMap { $0.string("id") }
    }

    @Test func listExportAndCountTakeFilters() throws {
        try vdb.ingestCorpus()
        #expect(try ids("--where", "lang = 'en'") == ["bread", "onions", "tides"])
        #expect(try ids("--where", "lang = 'en'", "--after", "bread", "--limit", "1") == ["onions"])
        #expect(try vdb.run("count").lines == ["4"])
        #expect(try vdb.run("count", "--where", "year >= 2020").lines == ["3"])
        #expect(
            try vdb.run("count", "--where", "draft", "--format", "json").object.int("count") == 1)
        let export = try vdb.run("export", "--where", "year < 2020")
        #expect(export.objects.compactMap { $0.string("_id") } == ["bread"])
        try vdb.fails(64, "column 6", "list", "--where", "year !")
    }

    @Test func theDocumentsOwnFields() throws {
        try vdb.ingestCorpus()
        #expect(try ids("--where", "id LIKE '%s'") == ["apples", "onions", "tides"])
        #expect(try ids("--where", "title = 'Bread' OR id IN ('tides')") == ["bread", "tides"])
        #expect(try ids("--where", "title IS NULL") == ["onions"])
        #expect(try vdb.run("delete", "--where", "id LIKE 'a%'").status == 0)
        try vdb.write("n.jsonl", "{\"_id\":7,\"text\":\"x\",\"id\":\"own\"}\n")
        try vdb.run("ingest", "n.jsonl", "-q")
        #expect(try ids("--where", "id = 7") == ["7"])
        #expect(try ids("--where", "\"id\" = 'own'") == ["7"])
    }

    @Test func filesHaveMetadata() throws {
        try vdb.write("n/a.md", "---\ntags: [x]\n---\nSome text.\n")
        try vdb.write("n/b.txt", "Other text, which is longer.\n")
        try vdb.run("ingest", "n", "-q")
        #expect(try ids("--where", "file.extension = 'md'") == ["n/a.md"])
        #expect(try ids("--where", "file.size > 27") == ["n/a.md", "n/b.txt"])
        #expect(try ids("--where", "file.path LIKE 'n/b%'") == ["n/b.txt"])
        #expect(try ids("--where", "file.modified > DATE '2020'").count == 2)
        #expect(try ids("--where", "tags = 'x'") == ["n/a.md"])
        // A touched file is not encoded again.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)],
            ofItemAtPath: vdb.path("n/b.txt"))
        let again = try vdb.run("ingest", "n", "--summary", "json", "-q").object
        #expect(again.int("tokens") == 0 && again.int("replaced") == 1)
        #expect(try ids("--where", "file.modified < DATE '2002'") == ["n/b.txt"])
    }

    @Test func textsAndDates() throws {
        try vdb.write(
            "d.jsonl",
            """
            {"id":"a","text":"t","s":"50% off","date":"2024-01-31"}
            {"id":"b","text":"t","s":"ÉTÉ à Paris","date":"2024-01-31T23:30:00-02:00"}
            {"id":"c","text":"t","s":["Winter","Été"],"date":"Mon, 1 Jan 2024 10:00:00 +0100"}
            {"id":"d","text":"t","s":5,"date":"soon"}

            """)
        try vdb.run("ingest", "d.jsonl", "-q")
        #expect(try ids("--where", #"s LIKE '%\%%' ESCAPE '\'"#) == ["a"])
        #expect(try ids("--where", "s LIKE 'été%'") == [])
        #expect(try ids("--where", "s ILIKE 'été%'") == ["b", "c"])
        #expect(try ids("--where", "s CONTAINS 'PARIS'") == ["b"])
        #expect(try ids("--where", "s NOT CONTAINS 'paris'") == ["a", "c", "d"])
        #expect(try ids("--where", "date = DATE '2024-01-31'") == ["a"])
        #expect(try ids("--where", "date = DATE '2024-02-01'") == ["b"])
        #expect(try ids("--where", "date = DATE '2024'") == ["a", "b", "c"])
        #expect(try ids("--where", "date < DATE '2024-01-31'") == ["c"])
        #expect(try ids("--where", "date != DATE '2024-01'") == ["b", "d"])
        #expect(
            try ids("--where", "date BETWEEN DATE '2024-01-02' AND DATE '2024-02'") == ["a", "b"])
        #expect(try ids("--where", "date IN (DATE '2024-01-01', 'soon')") == ["c", "d"])
        #expect(try ids("--where", "DATE '2024-01-31' <= date") == ["a", "b"])
        try vdb.fails(64, "a date such as", "list", "--where", "date > DATE 'soon'")
        try vdb.fails(64, "one character", "list", "--where", "s LIKE 'a' ESCAPE 'xx'")
        #expect(try vdb.run("help", "filters").output.contains("CONTAINS"))
    }

    @Test func fieldsAreListedAndUnknownOnesNamed() throws {
        try vdb.ingestCorpus()
        let fields = try vdb.run("fields", "--format", "json").objects
        #expect(fields.compactMap { $0.string("field") } == ["draft", "lang", "tag", "year"])
        let lang = try #require(fields.first { $0.string("field") == "lang" })
        #expect(lang.int("documents") == 4 && lang.int("distinct") == 2)
        #expect((lang["types"] as? [String: Int]) == ["text": 4])
        #expect((lang["examples"] as? [String]) == ["en", "de"])
        let table = try vdb.run("fields").output
        #expect(table.contains("tag") && table.contains("\"sea\", \"sky\""))
        let typo = try vdb.run("count", "--where", "lnag = 'en'")
        #expect(typo.errors == "vdb: no document has the field lnag; did you mean lang?\n")
        for command in ["list", "query", "export"] {
            let arguments = command == "query" ? ["query", "moon"] : [command]
            let result = try vdb.run(arguments + ["--where", "yaer > 1"])
            #expect(result.errors.contains("did you mean year?"), "\(command)")
        }
        #expect(
            try vdb.run("delete", "--where", "nowhere = 1").errors.contains(
                "'vdb fields' lists all"))
    }

    @Test func metadataAreUpdatedWithoutEncoding() throws {
        try vdb.ingestCorpus()
        try vdb.run("index-field", "lang", "-q")
        let result = try vdb.run(
            "update", "--where", "lang = 'en'", "--set", "lang=fr", "--set", "n={\"x\":[1]}",
            "--unset", "year", "--format", "json")
        #expect(result.object.int("updated") == 3)
        #expect(try ids("--where", "lang = 'fr' AND n.x = 1").count == 3)
        #expect(try ids("--where", "lang = 'en'").isEmpty)
        #expect(try ids("--where", "year IS NOT NULL") == ["apples"])
        #expect(try vdb.run("check").status == 0)
        #expect(try vdb.run("update", "tides", "--set", "lang=fr").errors.contains("0 documents"))
        try vdb.fails(66, "'none'", "update", "none", "--set", "a=1", "-q")
        try vdb.fails(64, "field=value", "update", "tides", "--set", "a")
        // The file still says what it said: its metadata come back, and nothing is encoded.
        let again = try vdb.run("ingest", "corpus.jsonl", "--summary", "json", "-q").object
        #expect(again.int("tokens") == 0 && again.int("replaced") == 3)
    }

    @Test func aListInAPipeIsWhole() throws {
        try vdb.write(
            "many.jsonl",
            (0..<130).map { "{\"id\":\"d\($0)\",\"text\":\"\",\"vector\":[1,2]}\n" }.joined())
        try vdb.run("ingest", "many.jsonl", "-q")
        #expect(try ids().count == 130)
        #expect(try ids("--limit", "7").count == 7)
    }
}
