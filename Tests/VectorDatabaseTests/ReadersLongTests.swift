import Foundation
import JSON
import TestSupport
import Testing
import VectorDatabase

/// Texts that are longer than what is read at once: several documents, the same whenever read.
struct ReadersLongTests {
    private let folder = TemporaryFolder()

    private func parts(_ path: String, limit: Int) async throws -> [Document] {
        try await read([path]) {
            $0.recordLimit = limit
            $0.baseFolder = folder.path
        }
    }

    @Test func aLongTextIsReadInParts() async throws {
        let lines = (0..<300).map { "line \($0): \(SampleTexts.text($0, words: 5))\n" }
        let text = lines.joined()
        let path = try folder.write("app.log", text)
        let documents = try await parts(path, limit: 1000)
        #expect(documents.count > 5)
        #expect(documents.map(\.text).joined() == text)
        #expect(documents.allSatisfy { $0.text.hasSuffix("\n") && $0.text.utf8.count <= 1000 })
        #expect(documents.map(\.id).prefix(3) == ["app.log", "app.log#2", "app.log#3"])
        let part = documents[1].metadata["file"]?.objectValue?["part"]
        #expect(part == 2)
        // One that is short enough is whole, whatever its compression.
        #expect(try await parts(path, limit: 1 << 20).map(\.text) == [text])
        // What is added at the end leaves the parts before as they are.
        let grown = try await parts(
            folder.write("app.log", text + "one more line\n"), limit: 1000)
        #expect(grown.map(\.text).dropLast() == documents.map(\.text).dropLast())
        // Compressed and piped, the parts are the same.
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "gzip -c '\(path)' > '\(path).gz'"]
        try process.start()
        process.waitUntilExit()
        let unzipped = try await parts(path + ".gz", limit: 1000)
        #expect(unzipped.map(\.text) == grown.map(\.text))
    }

    @Test func layoutsTitlesAndFrontMatterAreThoseOfTheFirstPart() async throws {
        let body = (0..<100).map { "## Section \($0)\n\nwords\n" }.joined(separator: "\n")
        let path = try folder.write("a.md", "---\ntitle: Long\ntag: x\n---\n" + body)
        let documents = try await parts(path, limit: 500)
        #expect(documents.count > 3)
        #expect(documents.allSatisfy { $0.title == "Long" && $0.layout == .markdown })
        #expect(documents.allSatisfy { $0.metadata["tag"] == "x" })
        #expect(documents.map(\.text).joined().hasSuffix("words\n"))
    }

    @Test func aPartThatCannotBeReadIsOneFailure() async throws {
        var bytes = Array((0..<200).map { "line \($0)\n" }.joined().utf8)
        // A byte that no encoding has, on a line far in.
        bytes[1200] = 0x81
        let line = bytes[..<1200].count { $0 == 10 } + 1
        let path = try folder.write("bad.txt", bytes)
        #expect(
            await failure(path) { $0.recordLimit = 500 }.hasPrefix("bad.txt:\(line): is not UTF-8"))
        var options = SourceOptions()
        options.recordLimit = 500
        options.skipsFailures = true
        let reader = try DocumentReader([path], options: options)
        var texts: [String] = []
        for try await document in reader { texts.append(document.text) }
        #expect(reader.progress.failed == 1)
        #expect(texts.count > 2 && texts.last?.hasSuffix("line 199\n") == true)
    }

    /// Without line ends, parts end at a space, else between characters.
    @Test func textsWithoutLines() async throws {
        for piece in ["word ", "wörd", "語"] {
            let text = String(repeating: piece, count: 2000)
            let documents = try await parts(folder.write("x.txt", text), limit: 1000)
            #expect(documents.map(\.text).joined() == text)
            #expect(documents.count >= text.utf8.count / 1000)
        }
    }

    @Test func aBombIsRefused() async throws {
        let path = folder.file("bomb.txt.gz")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "yes '' | head -c 20000000 | gzip -9 > '\(path)'",
        ]
        try process.start()
        process.waitUntilExit()
        #expect(await failure(path) { $0.recordLimit = 100_000 }.contains("is longer than"))
        // In a folder, bombs and files that are too long for their format are one failure each.
        _ = try folder.write("n/long.ipynb", String(repeating: " ", count: 200_000))
        try folder.move("bomb.txt.gz", "n/bomb.txt.gz")
        var options = SourceOptions()
        options.recordLimit = 100_000
        let reader = try DocumentReader([folder.file("n")], options: options)
        for try await _ in reader {}
        #expect(reader.progress.failed == 2)
    }
}
