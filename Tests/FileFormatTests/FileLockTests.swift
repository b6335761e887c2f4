import FileFormat
import Foundation
import TestSupport
import Testing

@Suite struct FileLockTests {
    @Test func theSecondIsToldWhoHoldsIt() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("corpus.vdb-lock")
        let first = try #require(try FileLock(path: path, holder: "vdb ingest\nnews.jsonl"))
        #expect(FileLock.holder(of: path) == "vdb ingest news.jsonl")
        #expect(try FileLock(path: path, holder: "vdb delete") == nil)
        let error = #expect(throws: FileError.self) {
            _ = try FileLock.acquire(
                path: path, holder: "vdb delete", timeout: .milliseconds(30))
        }
        #expect(
            error == .locked(path: path, holder: "vdb ingest news.jsonl", seconds: 0.03))
        #expect(error?.description.contains("held by vdb ingest news.jsonl") == true)
        first.release()
        first.release()
        #expect(try FileLock(path: path, holder: "vdb delete") != nil)
    }

    /// On a thread of its own: beside other tests, a task may wait for longer than the timeout until
    /// it runs.
    @Test func waitsForTheFirstToEnd() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("lock")
        let first = try #require(try FileLock(path: path, holder: "first"))
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.02)
            first.release()
        }
        let second = try FileLock.acquire(path: path, holder: "second", timeout: .seconds(60))
        #expect(FileLock.holder(of: path) == "second")
        second.release()
    }

    /// A failed attempt must not keep the lock.
    @Test func everyFailureReleasesIt() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("lock")
        let counting = FaultyFileSystem(.init(interrupts: true, longestWrite: 3))
        #expect(try FileLock(path: path, holder: "counting", fileSystem: counting) != nil)
        #expect(FileLock.holder(of: path) == "counting")
        for call in 1...counting.calls {
            let faulty = FaultyFileSystem(.init(failing: call, longestWrite: 3))
            #expect(throws: FileError.self) {
                _ = try FileLock(path: path, holder: "counting", fileSystem: faulty)
            }
            #expect(try FileLock(path: path, holder: "next") != nil)
        }
    }

    @Test func nobodyIsNamedWhereNothingIsWritten() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("lock")
        #expect(FileLock.holder(of: path) == nil)
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(FileLock.holder(of: path) == nil)
    }
}
