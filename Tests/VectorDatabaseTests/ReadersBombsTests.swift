import Foundation
import TestSupport
import Testing

@testable import VectorDatabase

/// Documents made to take memory or time: each is refused, or read within its bounds.
@Suite struct ReadersBombsTests {
    let folder = TemporaryFolder()

    private static let archives = ZipArchive.isAvailable && MarkupParser.isAvailable

    private func word(_ name: String, _ xml: String) throws -> String {
        try folder.write(
            name,
            ZipWriter.archive([
                ("[Content_Types].xml", Array("<Types/>".utf8)),
                ("word/document.xml", Array(xml.utf8)),
            ]))
    }

    private static let opening = "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>"
    private static let closing = "</w:t></w:r></w:p></w:body></w:document>"

    @Test(.enabled(if: archives, "libzip or libxml2 is not installed (libzip4, libxml2)"))
    func anEntryIsDecompressedOnlyUpToTheLimit() async throws {
        let text = String(repeating: "word ", count: 1000)
        let path = try word("big.docx", Self.opening + text + Self.closing)
        #expect(try await read([path])[0].text.count > 4000)
        // The file itself is longer than the limit here; the archive is opened directly.
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let archive = try ZipArchive(bytes, path: "big.docx", limit: 1000)
        #expect(
            throws: SourceError.unusableContent(
                path: "big.docx", reason: "decompresses to too many bytes for one document")
        ) { try archive.entry("word/document.xml") }
        #expect(await failure(path) { $0.recordLimit = 1000 }.contains("is longer than 1000 bytes"))
    }

    @Test(.enabled(if: archives, "libzip or libxml2 is not installed (libzip4, libxml2)"))
    func entitiesAreNotExpanded() async throws {
        var entities = "<!ENTITY a0 \"0123456789\">"
        for level in 1...9 {
            let references = String(repeating: "&a\(level - 1);", count: 10)
            entities += "<!ENTITY a\(level) \"\(references)\">"
        }
        let bomb = try word(
            "laughs.docx", "<!DOCTYPE x [\(entities)]>" + Self.opening + "&a9;" + Self.closing)
        let result = (try? await read([bomb])) ?? []
        #expect(result.allSatisfy { $0.text.utf8.count < 1000 })
        let outside = try word(
            "outside.docx",
            "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>" + Self.opening + "&f;"
                + Self.closing)
        let read = (try? await read([outside])) ?? []
        #expect(read.allSatisfy { !$0.text.contains("root") })
    }

    @Test(.enabled(if: MarkupParser.isAvailable, "libxml2 is not installed"))
    func nestingIsBounded() async throws {
        let deep = try folder.write("deep.html", String(repeating: "<div>", count: 200_000) + "x")
        #expect(await failure(deep).contains("more than 1000 elements inside of each other"))
        // Each end tag is looked for among all open elements.
        let ends = try folder.write(
            "ends.html",
            String(repeating: "<b>", count: 900) + "x" + String(repeating: "</i>", count: 200_000))
        #expect(try await read([ends])[0].text == "x\n")
        let wide = try folder.write("wide.html", String(repeating: "<p>x", count: 50_000))
        #expect(await failure(wide) { $0.recordLimit = 10_000 }.contains("is longer than"))
    }

    @Test func mailIsBounded() async throws {
        let header = "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        let nested = try folder.write(
            "nested.eml", "Subject: deep\n" + String(repeating: header, count: 5000) + "\ntext\n")
        #expect(try await read([nested])[0].text == "deep")
        let folded = try folder.write(
            "folded.eml", "Subject: s\n" + String(repeating: " more\n", count: 200_000) + "\nbody\n"
        )
        #expect(try await read([folded])[0].text == "body")
        let words = try folder.write(
            "words.eml", "Subject: " + String(repeating: "=?", count: 5000) + "\n\nbody\n")
        #expect(try await read([words])[0].text == "body")
        let box = try folder.write(
            "box.mbox",
            "From a\nSubject: long\n\n" + String(repeating: "x\n", count: 1000)
                + "\nFrom b\nSubject: short\n\ny\n")
        let found = try await read([box]) {
            $0.recordLimit = 500
            $0.skipsFailures = true
        }
        #expect(found.map(\.text) == ["y"])
    }

    @Test func jsonIsBounded() async throws {
        let deep = try folder.write(
            "deep.json", "[{\"x\":" + String(repeating: "[", count: 100_000))
        #expect(await failure(deep).contains("nested more than"))
        let book = try folder.write(
            "deep.ipynb", "{\"x\":" + String(repeating: "[", count: 1_000_000))
        #expect(await failure(book).contains("is not a notebook"))
        let long = try folder.write(
            "long.json", "[{\"text\":\"\(String(repeating: "x", count: 5000))\"},{\"text\":\"y\"}]")
        #expect(await failure(long) { $0.recordLimit = 1000 }.hasPrefix("long.json:1: is longer"))
        let rest = try await read([long]) {
            $0.recordLimit = 1000
            $0.skipsFailures = true
        }
        #expect(rest.map(\.text) == ["y"])
    }

    @Test func randomBytesInEveryFormat() async throws {
        var random = RandomSource.forTest()
        let names = [
            "report.docx", "kites.odt", "book.epub", "garden.eml", "inbox.mbox", "analysis.ipynb",
        ]
        for round in 0..<60 {
            let name = random.pick(names)
            var bytes = [UInt8](
                try Data(contentsOf: URL(fileURLWithPath: DocumentFixtures.path(name))))
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            if random.chance(0.3) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            let path = try folder.write("\(round)-\(name)", bytes)
            // Whatever comes of it, it is a document or one of our errors.
            do {
                for document in try await read([path]) { #expect(!document.id.isEmpty) }
            } catch { #expect(error is SourceError, "\(error)") }
        }
    }
}
