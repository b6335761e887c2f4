import Foundation
import TestSupport
import Testing

/// How long a writer waits for another one.
@Suite(.serialized) struct WaitTests {
    let vdb = Program()

    /// Holds the lock that a writer takes, in this process.
    private func lock() throws -> Int32 {
        let descriptor = open(vdb.path("corpus.vdb-lock"), O_RDWR)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor
    }

    @Test func notAtAll() throws {
        try vdb.ingestCorpus()
        let descriptor = try lock()
        defer { close(descriptor) }
        try vdb.fails(75, "wait longer with --wait", "delete", "tides", "--wait", "0")
        for arguments in [
            ["ingest", "corpus.jsonl", "--model", "built-in"],
            ["update", "tides", "--set", "a=1"], ["index-field", "year"], ["compact"], ["reindex"],
            ["check", "--repair"], ["collections", "drop", "default", "--yes"],
            ["collections", "rename", "default", "new"], ["collections", "copy", "default", "new"],
        ] {
            let result = try vdb.run(arguments + ["--wait", "0"])
            // A sound database needs no repair, and so no lock.
            let expected: Int32 = arguments[0] == "check" ? 0 : 75
            #expect(result.status == expected, "\(arguments): \(result.errors)")
        }
        #expect(try vdb.run("count").lines == ["4"])
        try vdb.fails(64, "--wait must be between 0 and", "delete", "tides", "--wait=-1")
    }

    @Test func untilTheOtherIsDone() throws {
        try vdb.ingestCorpus()
        let descriptor = try lock()
        let errors = Pipe.uninherited()
        let process = try vdb.start(
            ["delete", "tides", "--wait", "600"], input: FileHandle.nullDevice,
            output: FileHandle.nullDevice, errors: errors)
        // It says that it waits, and then goes on.
        let message = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        #expect(message.hasPrefix("vdb: waiting for ") && message.contains("writing"))
        close(descriptor)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try vdb.run("count").lines == ["3"])
    }
}
