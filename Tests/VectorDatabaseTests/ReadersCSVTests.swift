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

    @Test func typesCanBeGiven() async throws {
        let content = """
            id,text,zip,year,open,note
            1,a,2139,007,yes,1
            2,b,12345,+21,0,2

            """
        let found = try await documents(content) {
            $0.columnTypes = [
                ("zip", .text), ("year", .number), ("open", .boolean), ("none", .text),
            ]
        }
        #expect(
            found.map(\.metadata) == [
                ["zip": "2139", "year": 7, "open": true, "note": 1],
                ["zip": "12345", "year": 21, "open": false, "note": 2],
            ])
        for (cell, value) in [
            ("-.5", -0.5), ("1e3", 1000), ("0", 0), ("+007.50", 7.5),
        ] as [(String, Double)] {
            let found = try await documents("text,n\nx,\(cell)\n") {
                $0.columnTypes = [("n", .number)]
            }
            #expect(found.first?.metadata["n"]?.doubleValue == value, "\(cell)")
        }
        for (cell, type) in [
            ("soon", CSVColumnType.number), ("0x10", .number), ("nan", .number), ("1 2", .number),
            ("12345678901234567890", .number), ("maybe", .boolean), ("2", .boolean),
        ] {
            await #expect(
                throws: SourceError.malformed(
                    path: folder.file("c.csv"), line: 3,
                    fault: .cellType(column: "n", expected: type, found: cell))
            ) {
                try await documents("text,n\nx,\ny,\(cell)\n") { $0.columnTypes = [("n", type)] }
            }
        }
    }

    @Test func withoutAHeader() async throws {
        let two = try await documents("1,first\n2,\"second, too\"\n") { $0.hasHeader = false }
        #expect(two.map(\.id) == ["1", "2"] && two.map(\.text) == ["first", "second, too"])
        let one = try await documents("first\nsecond\n") { $0.hasHeader = false }
        #expect(one.map(\.text) == ["first", "second"] && one.allSatisfy { !$0.id.isEmpty })
        #expect(one.map(\.source?.position) == [1, 2])
        let many = try await documents("7,x,text of it,02139\n8,y,more,12345\n") {
            $0.hasHeader = false
            $0.textField = "column3"
            $0.idField = "column1"
            $0.columnTypes = [("column2", .text)]
        }
        #expect(many.map(\.id) == ["7", "8"] && many[0].text == "text of it")
        // Of one type: the first line counts, too.
        #expect(many.map { $0.metadata["column4"] } == ["02139", "12345"])
        await #expect(
            throws: SourceError.missingColumn(
                path: folder.file("c.csv"), column: "text",
                columns: ["column1", "column2", "column3"])
        ) { try await documents("a,b,c\n") { $0.hasHeader = false } }
        // TSV: the first line is a document even if it looks like a header.
        let plain = try await documents("id\ttext\n1\tx\n", name: "t.tsv") { $0.hasHeader = false }
        #expect(plain.map(\.id) == ["id", "1"])
        let wide = try await documents("a\tb\tc\n", name: "t.tsv") {
            $0.hasHeader = false
            $0.textField = "column3"
        }
        #expect(wide.map(\.text) == ["c"] && wide[0].metadata == ["column1": "a", "column2": "b"])
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
