import Foundation
import TestSupport
import Testing

/// Long files that are interrupted, previews, bounds on deletions, and `--watch`.
@Suite(.serialized) struct SynchronizeTests {
    let vdb = Program()

    private static let tinyModel = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../TrainingTests/Fixtures/tiny").standardizedFileURL.path

    private func passages() throws -> Int {
        try vdb.run("stats", "--format", "json").object.int("passages") ?? 0
    }

    private func ids() throws -> [String] {
        try vdb.run("list", "--format", "json").objects.compactMap { $0.string("id") }
    }

    private func move(_ old: String, _ new: String) throws {
        #expect(rename(vdb.path(old), vdb.path(new)) == 0)
    }

    @Test func aFileIsResumedInsideAfterAKill() throws {
        let lines = (0..<12_000).map {
            "2024-01-31 worker \($0 % 97): job \($0) took \($0 * 7) ms\n"
        }
        try vdb.write("app.log", lines.joined())
        let arguments = ["ingest", "app.log", "--model", Self.tinyModel, "--summary", "json"]
        let process = try vdb.start(
            arguments, input: FileHandle.nullDevice, output: FileHandle.nullDevice,
            errors: FileHandle.nullDevice)
        while process.isRunning, try passages() < 50 { usleep(20_000) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal, "the ingest was too fast to kill")
        let stored = try passages()
        #expect(stored >= 50)
        #expect(try vdb.run("check").status == 0)
        #expect(try ids() == ["app.log"])
        let rest = try vdb.run(arguments).object
        #expect(rest.int("inserted") == 1 && rest.int("documents") == 1)
        let all = try passages()
        #expect(stored < all)
        let texts = try vdb.run("export").objects.compactMap { $0.string("text") }
        #expect(texts == [lines.joined()])
        // As many tokens as passages were missing, and not more.
        let whole = try vdb.run(arguments + ["--db", "whole.vdb"]).object.int("tokens") ?? 0
        let encoded = rest.int("tokens") ?? 0
        #expect(encoded < whole && encoded >= whole / all * (all - stored) / 2)
        // What is added at the end costs what is new.
        try vdb.write("app.log", lines.joined() + "one more line\n")
        let grown = try vdb.run(arguments).object
        #expect(grown.int("replaced") == 1 && (grown.int("tokens") ?? 0) < 400)
        #expect(try vdb.run("check").status == 0)
    }

    @Test func aDryRunTellsAndWritesNothing() throws {
        try vdb.write("n/a.md", "one")
        try vdb.write("n/b.md", "# Two\n\ntwo")
        let first = try vdb.run("ingest", "n", "--dry-run")
        #expect(first.status == 0 && first.lines == ["add\tn/a.md", "add\tn/b.md"])
        #expect(!FileManager.default.fileExists(atPath: vdb.path("corpus.vdb")))
        #expect(try vdb.run("ingest", "n", "-q").status == 0)
        try vdb.write("n/a.md", "changed")
        try move("n/b.md", "n/c.md")
        try vdb.write("n/d.md", "new")
        try vdb.write("n/e.txt", "stays")
        #expect(try vdb.run("ingest", "n/e.txt", "-q").status == 0)
        try FileManager.default.removeItem(atPath: vdb.path("n/e.txt"))
        let before = try Data(contentsOf: URL(fileURLWithPath: vdb.path("corpus.vdb")))
        let plan = try vdb.run("ingest", "n", "--sync", "--dry-run")
        #expect(
            plan.lines == [
                "replace\tn/a.md", "move\tn/b.md\tn/c.md", "add\tn/d.md", "delete\tn/e.txt",
            ])
        let summary = try vdb.run("ingest", "n", "--sync", "--dry-run", "--summary", "json").object
        #expect(summary.int("moved") == 1 && summary.int("deleted") == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: vdb.path("corpus.vdb"))) == before)
        let done = try vdb.run("ingest", "n", "--sync", "--summary", "json").object
        for key in ["inserted", "replaced", "moved", "deleted", "unchanged"] {
            #expect(done.int(key) == summary.int(key), "\(key)")
        }
        #expect(try ids() == ["n/a.md", "n/c.md", "n/d.md"])
    }

    @Test func deletionsAreBounded() throws {
        for name in ["a", "b", "c"] { try vdb.write("n/\(name).md", name) }
        #expect(try vdb.run("ingest", "n", "-q").status == 0)
        try FileManager.default.removeItem(atPath: vdb.path("n/a.md"))
        try vdb.fails(
            65, "--max-delete 1 deletes them", "ingest", "n", "--sync", "--max-delete", "0")
        try vdb.fails(65, "1 of 3 stored", "ingest", "n", "--sync", "--max-delete", "30%")
        #expect(try vdb.run("ingest", "n", "--sync", "--max-delete", "34%", "-q").status == 0)
        #expect(try ids() == ["n/b.md", "n/c.md"])
        try FileManager.default.removeItem(atPath: vdb.path("n"))
        try vdb.fails(66, "n", "ingest", "n", "--sync")
        try FileManager.default.createDirectory(
            atPath: vdb.path("n"), withIntermediateDirectories: true)
        try vdb.fails(65, "check that it is mounted", "ingest", "n", "--sync")
        try vdb.fails(65, "check that it is mounted", "ingest", "n", "--sync", "--dry-run")
        #expect(try ids().count == 2)
        #expect(try vdb.run("ingest", "n", "--sync", "--max-delete", "100%", "-q").status == 0)
        #expect(try ids().isEmpty)
        for wrong in ["-1", "x", "101%", "%", ""] {
            try vdb.fails(64, "--max-delete", "ingest", "n", "--sync", "--max-delete=\(wrong)")
        }
        try vdb.fails(64, "--max-delete needs --sync", "ingest", "n", "--max-delete", "1")
        try vdb.fails(64, "--poll needs --watch", "ingest", "n", "--poll", "1")
        try vdb.fails(64, "--dry-run", "ingest", "n", "--watch", "--dry-run")
        try vdb.fails(64, "--watch needs files or folders", "ingest", "-", "--watch")
    }

    /// Adds up what the passes of `--watch` report, one JSON object a line.
    private final class Passes {
        private let handle: FileHandle
        private var rest: [UInt8] = []
        private(set) var totals: [String: Int] = [:]

        init(_ pipe: Pipe) { handle = pipe.fileHandleForReading }

        /// Waits until as many documents have been counted under each key.
        func wait(for wanted: [String: Int]) -> Bool {
            wait { totals in wanted.allSatisfy { totals[$0.key, default: 0] >= $0.value } }
                && wanted.allSatisfy { totals[$0.key] == $0.value }
        }

        /// Waits until the totals are as wanted; false if the program ends, or after two minutes.
        func wait(until isWanted: ([String: Int]) -> Bool) -> Bool {
            let deadline = ContinuousClock.now + .seconds(120)
            while !isWanted(totals) {
                var request = pollfd(fd: handle.fileDescriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&request, 1, 1000) > 0 else {
                    if ContinuousClock.now > deadline { return false }
                    continue
                }
                let data = handle.availableData
                if data.isEmpty { return false }
                rest += data
                while let end = rest.firstIndex(of: 10) {
                    let object = Program.object(String(decoding: rest[..<end], as: UTF8.self))
                    for (key, value) in object {
                        if let count = value as? Int { totals[key, default: 0] += count }
                    }
                    rest.removeSubrange(...end)
                }
            }
            return true
        }

        func restart() { totals = [:] }
    }

    @Test(arguments: [[], ["--poll", "1"]])
    func aFolderIsWatched(options: [String]) throws {
        try vdb.write("n/a.md", "# A\n\none")
        let output = Pipe.uninherited()
        let errors = Pipe.uninherited()
        let process = try vdb.start(
            ["ingest", "n", "--watch", "--summary", "json", "--db", "n/notes.vdb"] + options,
            input: FileHandle.nullDevice, output: output, errors: errors)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        let passes = Passes(output)
        #expect(passes.wait(for: ["inserted": 1]))
        // As editors save: a new file that takes the name.
        try vdb.write("n/.a.md.swp", "# A\n\ntwo")
        try move("n/.a.md.swp", "n/a.md")
        #expect(passes.wait(for: ["inserted": 1, "replaced": 1]))
        // A burst.
        for number in 0..<30 { try vdb.write("n/b\(number).md", "note \(number)") }
        #expect(passes.wait(for: ["inserted": 31]))
        // A folder that is new, and files in it.
        try vdb.write("n/sub/deep/c.md", "# C\n\nthree")
        #expect(passes.wait(for: ["inserted": 32]))
        try move("n/sub/deep/c.md", "n/sub/d.md")
        // A pass that is reading the folders may find the file at both places, and the next only at one.
        #expect(
            passes.wait {
                $0["moved"] == 1 || $0["inserted", default: 0] == 33 && $0["deleted"] == 1
            }, "\(passes.totals)")
        passes.restart()
        try FileManager.default.removeItem(atPath: vdb.path("n/b7.md"))
        #expect(passes.wait(for: ["deleted": 1]))
        try vdb.write("n/.gitignore", "b1*.md\n")
        #expect(passes.wait(for: ["deleted": 12]))
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        let messages = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(messages.contains("watching for changes"), "\(messages)")
        let stored = try vdb.run("list", "--format", "json", "--db", "n/notes.vdb").objects
        #expect(stored.count == 20)
        #expect(stored.first?.string("id") == "a.md")
        #expect(try vdb.run("check", "--db", "n/notes.vdb").status == 0)
    }

    /// An emptied folder keeps its documents; when its files are back, nothing was lost.
    @Test func aWatchedFolderThatIsEmptiedKeepsItsDocuments() throws {
        try vdb.write("n/a.md", "one")
        let output = Pipe.uninherited()
        let errors = Pipe.uninherited()
        let process = try vdb.start(
            ["ingest", "n", "--watch", "--summary", "json"], input: FileHandle.nullDevice,
            output: output, errors: errors)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        let passes = Passes(output)
        #expect(passes.wait(for: ["inserted": 1]))
        try move("n", "away")
        try FileManager.default.createDirectory(
            atPath: vdb.path("n"), withIntermediateDirectories: true)
        var seen = ""
        while !seen.contains("there are no files any more"), process.isRunning {
            var request = pollfd(
                fd: errors.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, 120_000) > 0 else { break }
            seen += String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        }
        #expect(seen.contains("there are no files any more"))
        #expect(rmdir(vdb.path("n")) == 0)
        try move("away", "n")
        try vdb.write("n/b.md", "two")
        #expect(passes.wait(for: ["inserted": 2]))
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try ids() == ["n/a.md", "n/b.md"])
    }
}
