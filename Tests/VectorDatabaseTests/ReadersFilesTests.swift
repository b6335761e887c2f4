import Foundation
import TestSupport
import Testing
import VectorDatabase

@Suite struct ReadersFilesTests {
    let folder = TemporaryFolder()

    @Test func tabSeparated() async throws {
        let path = try folder.write("c.tsv", "0\tfirst text\r\n\n1\tsecond\twith a tab\n2\t")
        let documents = try await read([path])
        #expect(documents.map(\.id) == ["0", "1", "2"])
        #expect(documents.map(\.text) == ["first text", "second\twith a tab", ""])
        let bad = try folder.write("d.tsv", "0\ta\nno tab here\n")
        #expect(await failure(bad).hasPrefix("d.tsv:2: has no tab"))
        let nul = try folder.write("e.tsv", "0\ta\n1\tb\u{0}\n")
        #expect(await failure(nul).hasPrefix("e.tsv:2: has a NUL byte"))
    }

    @Test func commaSeparated() async throws {
        let path = try folder.write(
            "c.csv",
            "id,title,text,year,draft,code,note\r\n1,\"A \"\"title\"\"\",\"two\r\nlines, one comma\",2020,true,007,\r\n"
                + "\r\n,,5\" pipe,-1.5e1,False,1 2,x")
        let documents = try await read([path]) { $0.baseFolder = folder.path }
        #expect(documents.map(\.id) == ["1", "c.csv:5"])
        #expect(documents[0].title == "A \"title\"")
        #expect(documents[0].text == "two\r\nlines, one comma")
        #expect(documents[0].metadata == ["year": 2020, "draft": true, "code": "007"])
        #expect(documents[1].text == "5\" pipe")
        #expect(
            documents[1].metadata == ["year": -15.0, "draft": false, "code": "1 2", "note": "x"])
    }

    @Test func semicolonsWhereTheHeaderHasThem() async throws {
        let path = try folder.write("c.csv", "_id;text\na;one, two\n")
        #expect(try await read([path]).map(\.text) == ["one, two"])
    }

    @Test(arguments: [
        ("", "1: the file is empty"),
        ("id,body\n1,a\n", "1: there is no column 'text'; there are 'id', 'body'"),
        ("id,text,text\n", "1: the header has the column 'text' twice"),
        ("id,text\n1,a\n2,b,c\n", "3: has 3 fields, but the first line has 2"),
        ("id,text\n1,\"a\nb", "2: a quoted field that begins in this record is never closed"),
        ("id,text\n1,\"a\"b\n", "2: a closing quote at byte 5 is followed by more text"),
    ])
    func csvFaults(content: String, reason: String) async throws {
        let sentence = await failure(try folder.write("c.csv", content))
        #expect(sentence.hasPrefix("c.csv:" + reason), "\(sentence)")
    }

    @Test func textAndMarkdownAreOneDocumentAFile() async throws {
        let text = try folder.write("a note.txt", "\u{FEFF}Line one.\r\nLine two.\n")
        let markdown = try folder.write("b.md", "Some words\n\n## The *heading*\n\nText.\n")
        let underlined = try folder.write("c.markdown", "Top\n===\n\nText.\n")
        let documents = try await read([text, markdown, underlined]) {
            $0.baseFolder = folder.path
        }
        #expect(documents.map(\.id) == ["a note.txt", "b.md", "c.markdown"])
        #expect(documents.map(\.title) == ["a note", "The *heading*", "Top"])
        #expect(documents.map(\.layout) == [.plain, .markdown, .markdown])
        #expect(documents[0].text == "Line one.\nLine two.\n")
        let bad = try folder.write("d.txt", Array("one\ntwo ".utf8) + [0x81])
        #expect(await failure(bad).hasPrefix("d.txt:2: is not UTF-8 at byte 5"))
        let odd = try folder.write("e.ipynb", "{\"cells\":[]}")
        #expect(await failure(odd) { $0.recordLimit = 5 }.contains("is longer than 5 bytes"))
    }

    @Test func foldersAreWalkedInOrder() async throws {
        for name in [
            "n/b.txt", "n/a.md", "n/.hidden.md", "n/.git/x.md", "n/sub/z.md", "n/B.txt", "n/p.png",
            "n/rows.npy", "n/Makefile",
        ] { _ = try folder.write(name, "text of \(name)") }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/n/sub/loop", withDestinationPath: folder.path + "/n")
        var options = SourceOptions()
        options.baseFolder = folder.path
        let reader = try DocumentReader([folder.path + "/n"], options: options)
        var ids: [String] = []
        for try await document in reader { ids.append(document.id) }
        #expect(ids == ["n/B.txt", "n/a.md", "n/b.txt", "n/sub/z.md"])
        #expect(
            reader.progress.passedOver.map { ($0.path as NSString).lastPathComponent }
                == [".git", ".hidden.md", "Makefile", "p.png", "rows.npy", "loop"])
        #expect(reader.progress.files == 4)
    }

    @Test func identifiersDoNotDependOnHowAPathIsWritten() async throws {
        let path = try folder.write("n/a.md", "text")
        let ways = [path, folder.path + "/./n//a.md", folder.path + "/n/../n/a.md"]
        for way in ways {
            let document = try await read([way]) { $0.baseFolder = folder.path }[0]
            #expect(document.id == "n/a.md")
            #expect(document.source?.path == path)
        }
        let elsewhere = try await read([path]) { $0.baseFolder = "/nowhere" }[0]
        #expect(elsewhere.id == path)
    }

    @Test func formatIsFoundByContent() async throws {
        let json = try folder.write("one", "\n {\"_id\":\"j\",\"text\":\"t\"}")
        let tabs = try folder.write("two", "t\ttext\n")
        let text = try folder.write("three", "just words\n")
        #expect(try await read([json, tabs]).map(\.id) == ["j", "t"])
        #expect(try await read([text])[0].layout == .plain)
        let binary = try folder.write("four", [1, 0, 2, 0])
        #expect(await failure(binary).contains("the format could not be detected"))
    }

    @Test func compressedByContentNotName() async throws {
        // printf '{"id":"z","text":"packed"}\n' | gzip -n
        let gzip = Data(
            base64Encoded:
                "H4sIAAAAAAAAA6tWykxRslKqUtJRKkmtKAEyCxKTs1NTlGq5ACZ45+UbAAAA")!
        let path = try folder.write("odd.jsonl", Array(gzip))
        #expect(try await read([path]).map(\.text) == ["packed"])
        let cut = try folder.write("cut.jsonl.gz", Array(gzip.dropLast(12)))
        #expect(await failure(cut).hasPrefix("cut.jsonl.gz: the gzip data is truncated"))
    }

    @Test func missingPathsAreNoticedAtOnce() async throws {
        #expect(throws: SourceError.missing(path: "/nowhere/x.jsonl")) {
            try DocumentReader(["/nowhere/x.jsonl"])
        }
    }
}
