import Foundation
import TestSupport
import Testing

@testable import VectorDatabase

/// The documents that people have, as other programs write them.
@Suite struct ReadersDocumentsTests {
    let folder = TemporaryFolder()

    private func check(_ name: String) async throws {
        let expected = try #require(try DocumentFixtures.expected()[name])
        let documents = try await read([DocumentFixtures.path(name)])
        #expect(documents.count == 1)
        let document = try #require(documents.first)
        #expect(document.title == expected.title)
        // Everything is there, in order, and nothing else but white space.
        var rest = document.text[...]
        for text in expected.texts {
            let range = try #require(rest.range(of: text), "\(text) is not in \(rest)")
            #expect(rest[..<range.lowerBound].allSatisfy { $0.isWhitespace })
            rest = rest[range.upperBound...]
        }
        #expect(rest.allSatisfy { $0.isWhitespace }, "\(rest)")
    }

    @Test(
        .enabled(
            if: ZipArchive.isAvailable && MarkupParser.isAvailable,
            "libzip or libxml2 is not installed (libzip4, libxml2)"),
        arguments: ["report.docx", "kites.odt", "book.epub"])
    func archivesOfMarkup(name: String) async throws { try await check(name) }

    @Test(.enabled(if: PDFExtractor.isAvailable, "pdftotext is not installed (poppler-utils)"))
    func pdf() async throws {
        try await check("sky.pdf")
        await #expect(throws: SourceError.encrypted(path: DocumentFixtures.path("locked.pdf"))) {
            try await read([DocumentFixtures.path("locked.pdf")])
        }
        let junk = try folder.write("junk.pdf", "%PDF-1.4\nnothing of the kind")
        #expect(await failure(junk).contains("is not a PDF, or is damaged"))
    }

    @Test(
        .enabled(if: ParquetSource.isAvailable, "duckdb is not installed (pip install duckdb-cli)"))
    func parquet() async throws {
        let path = DocumentFixtures.path("rows.parquet")
        let rows = try await read([path]) { $0.baseFolder = DocumentFixtures.folder }
        #expect(rows.map(\.id) == ["r0", "r1", "r2"])
        #expect(rows.map(\.title) == ["Row 0", "", "Row 2"])
        #expect(rows[2].text == "text of \"row\" 2\nnaïve" && rows[2].vector == [2, 0.5])
        #expect(
            rows[2].metadata
                == ["year": 2022, "day": "2024-02-02", "tag": .array(["a", "b"])])
        // By its content, from a path with a pattern's characters, and compressed.
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(try await read([folder.write("a[1]*'x", bytes)]).count == 3)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "gzip -c '\(path)' > '\(folder.file("b.parquet.gz"))'"]
        try process.start()
        process.waitUntilExit()
        #expect(try await read([folder.file("b.parquet.gz")]).map(\.id) == rows.map(\.id))
        // Without an id it is the row's number.
        let ids = try await read([path]) {
            $0.baseFolder = DocumentFixtures.folder
            $0.idField = "key"
        }
        #expect(ids.map(\.id) == (1...3).map { "rows.parquet:\($0)" })
        for length in [4, 100, bytes.count - 1] {
            let cut = try folder.write("cut.parquet", Array(bytes[..<length]))
            #expect(await failure(cut).hasPrefix("cut.parquet: cannot be read: "))
        }
    }

    @Test func notebook() async throws {
        try await check("analysis.ipynb")
        let bad = try folder.write("bad.ipynb", "{\"cells\": [{\"source\": 1}]}")
        #expect(await failure(bad).contains("is not a notebook: expected a string"))
        let old = try folder.write(
            "old.ipynb", #"{"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}]}"#)
        #expect(try await read([old]).map(\.text) == ["```\nx = 1\n```\n"])
    }

    @Test(.enabled(if: MarkupParser.isAvailable, "libxml2 is not installed"))
    func mail() async throws {
        try await check("garden.eml")
        let message = try await read([DocumentFixtures.path("garden.eml")])[0]
        #expect(message.metadata["from"] == "René <rene@example.org>")
        #expect(message.metadata["message_id"] == "<garden@example.org>")
        let box = try await read([DocumentFixtures.path("inbox.mbox")]) {
            $0.baseFolder = DocumentFixtures.folder
        }
        #expect(
            box.map(\.id) == ["inbox.mbox#<m1@example.org>", "inbox.mbox#<m2@example.org>"])
        #expect(box.map(\.title) == ["Message 1", "Message 2"])
        #expect(box.map(\.text) == ["One.\nFrom the start.", "Two, naïve."])
    }

    @Test func bzip2AndXz() async throws {
        for ending in ["bz2", "xz"] {
            let path = DocumentFixtures.path("rows.jsonl.\(ending)")
            #expect(try await read([path]).map(\.text) == ["row 0", "row 1", "row 2"])
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let cut = try folder.write("cut.jsonl.\(ending)", Array(bytes.dropLast(20)))
            #expect(await failure(cut).contains("data is truncated"))
            var changed = bytes
            changed[40] ^= 0x55
            let damaged = try folder.write("damaged.jsonl.\(ending)", changed)
            #expect(await failure(damaged).contains("data is damaged"))
        }
    }

    @Test(.enabled(if: ZipArchive.isAvailable, "libzip is not installed (libzip4)"))
    func npz() async throws {
        let several = try await read([DocumentFixtures.path("vectors.npz")])
        #expect(several.map(\.vector) == [[1, 2], [3, 4.5]])
        let single = try await read([DocumentFixtures.path("single.npz")])
        #expect(single.map(\.vector) == [[0.5, 1]])
        let array = try folder.write(
            "x.npz", ZipWriter.archive([("a.npy", [1]), ("b.npy", [2])]))
        #expect(await failure(array).contains("has the arrays a, b, none of which is named"))
    }

    @Test(.enabled(if: MarkupParser.isAvailable, "libxml2 is not installed"))
    func html() async throws {
        let page = try folder.write(
            "page.html",
            """
            <!DOCTYPE html><html><head><title>Bread &amp;
             water</title><style>p { color: red }</style><script>if (a < b) alert("x")</script></head>
            <body><nav><a href="/">Home</a></nav><header><h1>Baking</h1></header>
            <main><article><p>Yeast <b>breathes</b>&nbsp;out<br>gas.</p><footer>By A. Baker</footer>
            <ul><li>flour<li>water</ul></article><div hidden>secret</div><h2></h2>
            <table><tr><td>1<td>2<tr><td>3</table><pre>a  b
              c</pre><p>caf&eacute; 東京&#33;</main><footer>Imprint</footer></body></html>
            """)
        let document = try await read([page])[0]
        #expect(document.title == "Bread & water")
        #expect(
            document.text == """
                # Baking

                Yeast breathes out
                gas.

                By A. Baker

                - flour
                - water

                1 2
                3

                a  b
                  c

                café 東京!

                """)
        #expect(document.layout == .markdown)
        let western = try folder.write(
            "w.html",
            Array("<meta charset=iso-8859-1><h1>T".utf8) + [0xE9] + Array("</h1>caf".utf8) + [0xE9])
        #expect(try await read([western])[0].title == "Té")
        #expect(try await read([western])[0].text == "# Té\n\ncafé\n")
        // Without a name that says it, by its content.
        let unnamed = try folder.write("page", "\n<!doctype HTML><p>found")
        #expect(try await read([unnamed])[0].text == "found\n")
    }

    @Test func titlesAndCode() async throws {
        let org = try folder.write("o.org", "Some text\n* A headline\n#+TITLE: The title\nBody\n")
        let plain = try folder.write("p.org", "Text\n** Second level\n")
        let rst = try folder.write("r.rst", "=====\nTitle\n=====\n\nText\n\nPart\n----\n")
        let code = try folder.write("x.py", "import os\n\n\ndef f():\n    return 1\n")
        let documents = try await read([org, plain, rst, code])
        #expect(documents.map(\.title) == ["The title", "Second level", "Title", "x.py"])
        #expect(documents.map(\.layout) == [.org, .org, .plain, .code])
    }

    @Test func jsonArrays() async throws {
        let base: (inout SourceOptions) -> Void = { $0.baseFolder = folder.path }
        let array = try folder.write(
            "a.json",
            #"[{"text":"one, ]}\""},{"text":"two"},"# + "\n" + #"{"id":"x","text":"three"}]"#)
        let found = try await read([array], base)
        #expect(found.map(\.text) == ["one, ]}\"", "two", "three"])
        #expect(found.map(\.id) == ["a.json:1", "a.json:2", "x"])
        let pretty = try folder.write(
            "p.json", "[\n  {\n    \"text\": \"one\"\n  },\n  {\n    \"text\": 2\n  }\n]\n")
        #expect(await failure(pretty).hasPrefix("p.json:5: 'text' is a number"))
        let single = try folder.write("s.json", "{\n  \"id\": \"s\",\n  \"text\": \"alone\"\n}\n")
        let lines = try folder.write("l.json", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n")
        #expect(try await read([single, lines], base).map(\.id) == ["s", "l.json:1", "l.json:2"])
        #expect(try await read([try folder.write("e.json", "[]")]).isEmpty)
        for (name, content) in [
            ("cut", "[{\"text\":\"a\"}"), ("comma", "[{\"text\":\"a\"} {\"text\":\"b\"}]"),
            ("more", "[{\"text\":\"a\"}] x"),
        ] {
            let path = try folder.write("\(name).json", content)
            #expect(await failure(path).contains("is not valid JSON: expected"), "\(name)")
        }
        let unnamed = try folder.write("records", "\n[ {\"id\":\"u\",\"text\":\"t\"} ]")
        #expect(try await read([unnamed]).map(\.id) == ["u"])
    }
}
