import Foundation
import TestSupport
import Testing
import TextBytes
import VectorDatabase

/// Folders with more than good files: every file is either read or reported.
struct ReadersFoldersTests {
    let folder = TemporaryFolder()

    private func readAll(
        _ paths: [SourcePath], _ change: (inout SourceOptions) -> Void = { _ in }
    ) async throws -> (documents: [Document], progress: SourceProgress) {
        var options = SourceOptions()
        options.baseFolder = folder.path
        change(&options)
        let reader = try DocumentReader(paths, options: options)
        var documents: [Document] = []
        for try await document in reader { documents.append(document) }
        return (documents, reader.progress)
    }

    private func names(_ failures: [SourceFailure]) -> [String] {
        failures.map { ($0.source as NSString).lastPathComponent }
    }

    /// A file whose name is Latin-1; `name` is all of it except the last character.
    private func writeLatin1(_ name: String, _ text: String) throws -> SourcePath {
        let path = SourcePath(
            bytes: Array((folder.path + "/" + name).utf8) + [0xE9] + Array(".txt".utf8))
        let descriptor = path.bytes.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { bytes in
            open(Array(bytes) + [0], O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        }
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(write(descriptor, text, text.utf8.count) == text.utf8.count)
        return path
    }

    @Test func namesThatAreNotUTF8AreReadAndKeptApart() async throws {
        _ = try folder.write("n/sub/seen.txt", "seen")
        _ = try writeLatin1("n/caf", "in the folder")
        let named = try writeLatin1("n/sub/caf", "in a folder below")
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(
            found.documents.map(\.id) == ["n/caf\\xE9.txt", "n/sub/caf\\xE9.txt", "n/sub/seen.txt"])
        #expect(found.documents.map(\.text) == ["in the folder", "in a folder below", "seen"])
        #expect(found.progress.failures.isEmpty)
        #expect(try await readAll([named]).documents.map(\.text) == ["in a folder below"])
    }

    @Test func aPathThatIsNotUTF8IsEscaped() {
        func text(_ bytes: [UInt8]) -> String { SourcePath(bytes: bytes).description }
        #expect(text(Array("café\\x".utf8)) == "café\\x")
        #expect(text([0x61, 0xE9]) == "a\\xE9")
        #expect(text([0x5C, 0xE9, 0xC3, 0xA9, 0x80]) == "\\\\\\xE9é\\x80")
        #expect(SourcePath(bytes: [0x61, 0xE9]) != SourcePath("a\\xE9"))
    }

    @Test func whatCannotBeReadIsNamedAndTheRestIsRead() async throws {
        _ = try folder.write("n/a.txt", "good")
        _ = try folder.write("n/latin.txt", [0x63, 0x81, 0x66, 0xE9])
        _ = try folder.write("n/z.md", "good, too")
        for (name, target) in [("gone.txt", "nowhere"), ("broken.txt", "/proc/self/mem")] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/n/" + name, withDestinationPath: target)
        }
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(found.documents.map(\.id) == ["n/a.txt", "n/z.md"])
        #expect(found.progress.failed == 3)
        #expect(Set(names(found.progress.failures)) == ["latin.txt", "gone.txt", "broken.txt"])
        #expect(found.progress.failures.filter(\.isFromFolder).count == 3)
        #expect(
            found.progress.firstFailureInFolder?.error
                == .brokenLink(path: folder.path + "/n/gone.txt"))
        #expect(found.progress.failedSources.count == 3)
        // If given by name, each of them ends the reading, unless failures are skipped.
        for name in ["latin.txt", "gone.txt", "broken.txt"] {
            let path = SourcePath(folder.path + "/n/" + name)
            await #expect(throws: SourceError.self) { try await readAll([path]) }
            let skipped = try await readAll([path, SourcePath(folder.path + "/n/a.txt")]) {
                $0.skipsFailures = true
            }
            #expect(skipped.documents.count == 1 && skipped.progress.failed == 1)
            #expect(skipped.progress.firstFailureInFolder == nil)
        }
    }

    @Test(
        .enabled(
            if: geteuid() != 0, "root reads every folder: run this as another user"))
    func aFolderThatCannotBeReadIsNamed() async throws {
        _ = try folder.write("n/a.txt", "good")
        _ = try folder.write("n/secret/b.txt", "not readable")
        let secret = folder.path + "/n/secret"
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: secret)
        defer {
            try? FileManager.default.setAttributes(
                [.posixPermissions: 0o700], ofItemAtPath: secret)
        }
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(found.documents.map(\.id) == ["n/a.txt"])
        #expect(found.progress.failedSources == [Identifier(secret)])
        await #expect(throws: SourceError.self) { try await readAll([SourcePath(secret)]) }
    }

    @Test func aRecordInAFolderIsLeftOut() async throws {
        _ = try folder.write(
            "n/rows.jsonl", "{\"id\":1,\"text\":\"a\"}\nno JSON\n{\"id\":2,\"text\":\"b\"}\n")
        let found = try await readAll([SourcePath(folder.path + "/n")]) { $0.format = .jsonLines }
        #expect(found.documents.map(\.id) == ["1", "2"])
        #expect(found.progress.failures.map(\.error).first?.description.contains(":2:") == true)
    }

    @Test func whatIsLeftAloneSaysWhy() async throws {
        _ = try folder.write("n/picture.png", "x")
        _ = try folder.write("n/empty.md", "")
        _ = try folder.write("n/blank.txt", " \n\t\n")
        _ = try folder.write("n/sub/a.txt", "text")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/n/loop", withDestinationPath: folder.path + "/n")
        mkfifo(folder.path + "/n/pipe.txt", 0o600)
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(found.documents.map(\.id) == ["n/sub/a.txt"])
        let reasons = Dictionary(
            uniqueKeysWithValues: found.progress.passedOver.map {
                (($0.path as NSString).lastPathComponent, $0.reason)
            })
        #expect(
            reasons == [
                "picture.png": .name, "empty.md": .empty, "blank.txt": .empty,
                "loop": .alreadyRead, "pipe.txt": .special,
            ])
        #expect(found.progress.failed == 0)
    }

    @Test func aFailureInAFolderCanEndTheReading() async throws {
        _ = try folder.write("n/a.txt", "good")
        _ = try folder.write("n/b.txt", [0, 1, 2])
        let path = SourcePath(folder.path + "/n")
        await #expect(throws: SourceError.containsNUL(path: folder.path + "/n/b.txt", line: 1)) {
            try await readAll([path]) { $0.stopsInFolders = true }
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/n/gone.txt", withDestinationPath: "nowhere")
        await #expect(throws: SourceError.brokenLink(path: folder.path + "/n/gone.txt")) {
            try await readAll([path]) { $0.stopsInFolders = true }
        }
    }

    @Test func linksAreFollowedOnceAndCyclesEnd() async throws {
        func link(_ name: String, _ target: String) throws {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/n/" + name, withDestinationPath: target)
        }
        _ = try folder.write("n/b.txt", "inside")
        _ = try folder.write("out/c.txt", "outside")
        _ = try folder.write("out/deep/d.txt", "outside, deeper")
        try link("a.txt", "b.txt")
        try link("first", "../out")
        try link("second", "../out")
        try link("up", "..")
        try link("root", "/")
        try link("self", "self")
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(found.documents.map(\.id) == ["n/b.txt", "n/first/c.txt", "n/first/deep/d.txt"])
        #expect(
            Set(found.progress.passedOver.filter { $0.reason == .alreadyRead }.map(\.path))
                == Set(["a.txt", "second", "up", "root"].map { folder.path + "/n/" + $0 }))
        let named = try await readAll([SourcePath(folder.path + "/n/a.txt")])
        #expect(named.documents.map(\.id) == ["n/a.txt"])
    }

    @Test func selection() async throws {
        for name in [
            "a.md", "b.log", "c.log", ".hidden.md", ".git/x.md", "build/d.md", "sub/build/e.md",
            "sub/f.md", "sub/g.tmp.md", "sub/keep.tmp.md",
        ] { _ = try folder.write("n/" + name, "text of \(name)") }
        _ = try folder.write("n/.gitignore", "# rules\n/build/\n*.tmp.md\n")
        _ = try folder.write("n/sub/.ignore", "!keep.tmp.md\n")
        func ids(_ change: (inout FileSelection) -> Void) async throws -> [String] {
            try await readAll([SourcePath(folder.path + "/n")]) { change(&$0.selection) }
                .documents.map { String($0.id.dropFirst(2)) }
        }
        #expect(
            try await ids { _ in } == ["a.md", "sub/build/e.md", "sub/f.md", "sub/keep.tmp.md"])
        #expect(
            try await ids { $0.obeysIgnoreFiles = false } == [
                "a.md", "build/d.md", "sub/build/e.md", "sub/f.md", "sub/g.tmp.md",
                "sub/keep.tmp.md",
            ])
        #expect(try await ids { $0.include = ["*.log"] } == ["b.log", "c.log"])
        #expect(
            try await ids { $0.include = ["sub"] } == [
                "sub/build/e.md", "sub/f.md", "sub/keep.tmp.md",
            ])
        #expect(
            try await ids {
                $0.exclude = ["build", "a.*"]
            } == ["sub/f.md", "sub/keep.tmp.md"])
        #expect(try await ids { $0.includesHidden = true }.contains(".hidden.md"))
        #expect(try await !ids { $0.includesHidden = true }.contains(".git/x.md"))
        var unusable = FileSelection()
        unusable.exclude = ["x", "!/"]
        #expect(unusable.unusablePattern == "!/")
    }

    @Test func rulesOfTheRepositoryAroundAFolder() async throws {
        _ = try folder.write("r/.gitignore", "/docs/private\n")
        _ = try folder.write("r/docs/a.md", "a")
        _ = try folder.write("r/docs/private/b.md", "b")
        let path = SourcePath(folder.path + "/r/docs")
        #expect(try await readAll([path]).documents.count == 2)
        _ = try folder.write("r/.git/info/exclude", "a.md\n")
        #expect(try await readAll([path]).documents.isEmpty)
    }

    @Test func filesOfTheDatabaseAreNotMentioned() async throws {
        for name in ["x.vdb", "x.vdb-wal", "x.vdb-notes-index", "x.vdbs", "a.md"] {
            _ = try folder.write("n/" + name, "t")
        }
        let found = try await readAll([SourcePath(folder.path + "/n")]) {
            $0.databasePath = folder.path + "/n/./x.vdb"
        }
        #expect(
            found.progress.passedOver.map { ($0.path as NSString).lastPathComponent } == ["x.vdbs"])
    }

    @Test func jsonWithoutDocumentsIsNoFailure() async throws {
        _ = try folder.write("n/package.json", "{\"name\": \"x\"}\n")
        _ = try folder.write("n/rows.json", "{\"text\": \"a\"}\n{\"name\": \"x\"}\n")
        _ = try folder.write("n/rows.jsonl", "{\"name\": \"x\"}\n")
        let found = try await readAll([SourcePath(folder.path + "/n")])
        #expect(found.documents.map(\.text) == ["a"])
        #expect(names(found.progress.failures) == ["rows.json", "rows.jsonl"])
        #expect(found.progress.passedOver.map(\.reason) == [.noDocuments])
    }
}
