import FileFormat
import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Separators, line ends, headers and the types of columns.
struct ReadersCSVTests {
    let folder = TemporaryFolder()

    private func documents(
        _ content: String, name: String = "c.csv",
        _ change: (inout SourceOptions) -> Void = { _ in }
    ) async throws -> [Document] {
        try await read([try folder.write(name, content)], change)
    }

    @Test(
        "the separator is found outside of quotes",
        arguments: [
            ("_id;text\n1;\"a; b\"\n", "a; b"), ("\"_id\";\"a, b, c\";text\n1;x;a, b\n", "a, b"),
            ("_id\ttext\n1\ta, b; c\n", "a, b; c"), ("_id,text\n1,a; b\n", "a; b"),
            ("_id;text;\"x,\"\"y,\"\"\"\n1;t;\n", "t"),
        ])
    func separators(content: String, text: String) async throws {
        let found = try await documents(content)
        #expect(found.map(\.text) == [text] && found.map(\.id) == ["1"])
    }

    @Test func theSeparatorCanBeGiven() async throws {
        let found = try await documents("_id|text, long|text\n1|x, y, z|a, b\n") {
            $0.delimiter = UInt8(ascii: "|")
        }
        #expect(found.map(\.text) == ["a, b"])
        #expect(found[0].metadata == ["text, long": "x, y, z"])
    }

    @Test(
        "lines that end in CR alone",
        arguments: ["c.csv", "c.tsv", "c.jsonl", "ids"])
    func oldMac(name: String) async throws {
        let rows = [
            "c.csv": "_id,text\r1,\"two\rlines\"\r2,last", "c.tsv": "1\ttwo\r2\tlast\r",
            "c.jsonl": "{\"_id\":1,\"text\":\"two\"}\r{\"_id\":2,\"text\":\"last\"}",
            "ids": "{\"_id\":1,\"text\":\"two\"}\r{\"_id\":2,\"text\":\"last\"}\r",
        ]
        let found = try await documents(try #require(rows[name]), name: name)
        #expect(found.map(\.id) == ["1", "2"])
        #expect(found.last?.text == "last")
        #expect(found.first?.text == (name == "c.csv" ? "two\rlines" : "two"))
    }

    @Test func aCRInALineThatEndsInLFBelongsToIt() async throws {
        let found = try await documents("1\ta\rb\n2\tc\n", name: "c.tsv")
        #expect(found.map(\.text) == ["a\rb", "c"])
    }

    @Test func anOldMacText() async throws {
        let found = try await documents("one\rtwo\r", name: "c.txt")
        #expect(found.map(\.text) == ["one\ntwo\n"])
    }

    @Test func aColumnHasOneType() async throws {
        let found = try await documents(
            """
            id,text,zip,year,open,mixed,price,digits
            1,a,02139,1999,TRUE,1,1.5,12345678901234567890
            2,b,12345,2021,false,true,2,1
            3,c,,,,,,

            """)
        #expect(
            found[0].metadata == [
                "zip": "02139", "year": 1999, "open": true, "mixed": "1", "price": 1.5,
                "digits": "12345678901234567890",
            ])
        #expect(
            found[1].metadata == [
                "zip": "12345", "year": 2021, "open": false, "mixed": "true", "price": 2,
                "digits": "1",
            ])
        #expect(found[2].metadata.isEmpty)
    }

    /// The last row of a large file decides, too; so does one of a pipe.
    @Test func theWholeFileDecides() async throws {
        let rows = (1...5000).map { "\($0),t,\($0)" }.joined(separator: "\n")
        let found = try await documents("id,text,n\n" + rows + "\n5001,t,none\n")
        #expect(found.count == 5001)
        #expect(found[0].metadata == ["n": "1"])
        let path = folder.path + "/pipe"
        mkfifo(path, 0o600)
        let content = "id,text,n\n" + rows + "\n5001,t,none\n"
        let writer = Thread {
            let handle = FileHandle(forWritingAtPath: path)
            handle?.write(Data(content.utf8))
            try? handle?.close()
        }
        writer.start()
        let piped = try await read([path]) { $0.format = .csv }
        #expect(piped.map(\.metadata) == found.map(\.metadata))
    }

    @Test func aHeaderIsFoundInTSVAndInWhatHasNoName() async throws {
        let tsv = try await documents("id\tlang\ttext\n1\ten\ta \"b\"\n", name: "c.tsv")
        #expect(tsv.map(\.text) == ["a \"b\""] && tsv[0].metadata == ["lang": "en"])
        let csv = try await documents("id,text,year\n1,a,1999\n", name: "unnamed")
        #expect(csv.map(\.text) == ["a"] && csv[0].metadata == ["year": 1999])
        // MS MARCO's collections have no header.
        #expect(try await documents("id\tof the text\n", name: "d.tsv").map(\.id) == ["id"])
        #expect(
            try await documents("A text, and more.\n", name: "e").map(\.text) == [
                "A text, and more.\n"
            ])
    }
}
