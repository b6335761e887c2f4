import FileFormat
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private static let old = Array("the old content".utf8)
    /// Longer than the writer's buffer, so that several writes are needed.
    private static let new = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private func contents(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    /// Writes `new` in pieces over what is there.
    private func replace(_ path: String, _ fileSystem: any FileSystem) throws {
        let file = try AtomicFile(path: path, fileSystem: fileSystem)
        try file.write(Array(Self.new[..<1000]))
        try file.write(Array(Self.new[1000..<2_200_000]))
        try file.write(Array(Self.new[2_200_000...]))
        #expect(file.count == Self.new.count)
        try file.commit()
    }

    @Test func replacesAFileWhole() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("index")
        try Data(Self.old).write(to: URL(fileURLWithPath: path))
        try replace(path, SystemFileSystem())
        #expect(contents(path) == Self.new)
        #expect(try scratch.names() == ["index"])
    }

    @Test func droppedWithoutCommitLeavesTheOld() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("index")
        try Data(Self.old).write(to: URL(fileURLWithPath: path))
        do {
            let file = try AtomicFile(path: path)
            try file.write(Self.new)
            #expect(contents(path) == Self.old)
            #expect(try scratch.names().count == 2)
        }
        #expect(contents(path) == Self.old)
        #expect(try scratch.names() == ["index"])
    }

    /// Every call of the script fails once, alone and with all that follow it.
    @Test(arguments: [EIO, ENOSPC], [false, true])
    func everyFailureLeavesOldOrNew(code: Int32, failsFromThere: Bool) throws {
        let counting = FaultyFileSystem()
        let scratch = TemporaryFolder()
        let path = scratch.file("index")
        try replace(path, counting)
        #expect(counting.calls > 8)
        var refused = 0
        for call in 1...counting.calls {
            try Data(Self.old).write(to: URL(fileURLWithPath: path))
            let faulty = FaultyFileSystem(
                .init(failing: call, code: code, failsFromThere: failsFromThere))
            do {
                try replace(path, faulty)
                // Listing the folder for stale files may fail without harm.
                #expect(contents(path) == Self.new)
            } catch let error as FileError {
                refused += 1
                guard case .system(let operation, _, let found) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(found == code)
                // Only the folder's sync comes after the rename.
                let isNew = contents(path) == Self.new
                #expect(isNew || contents(path) == Self.old, "call \(call), \(operation)")
            }
            // The next writer clears away whatever is left.
            try replace(path, SystemFileSystem())
            #expect(try scratch.names() == ["index"])
        }
        #expect(refused >= counting.calls - 2)
    }

    @Test func shortAndInterruptedCallsAreCarriedOn() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("index")
        let faulty = FaultyFileSystem(.init(interrupts: true, longestWrite: 9973))
        try replace(path, faulty)
        #expect(contents(path) == Self.new)
        #expect(faulty.calls > Self.new.count / 9973)
    }

    @Test func aDeadWritersFileIsSweptAndALiveOnesIsNot() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("index")
        let stale = scratch.file("index.tmp-1-dead")
        let foreign = scratch.file("index.backup")
        for name in [stale, foreign] {
            try Data([1]).write(to: URL(fileURLWithPath: name))
        }
        let live = try AtomicFile(path: path)
        try live.write([1, 2, 3])
        #expect(!FileManager.default.fileExists(atPath: stale))
        let second = try AtomicFile(path: path)
        #expect(try scratch.names().filter { $0.contains(".tmp-") }.count == 2)
        try live.commit()
        #expect(contents(path) == [1, 2, 3])
        second.abandon()
        #expect(try scratch.names() == ["index", "index.backup"])
    }

    @Test func padsToAMultiple() throws {
        let scratch = TemporaryFolder()
        let file = try AtomicFile(path: scratch.file("padded"))
        try file.write([7])
        try file.pad(to: 64)
        try file.pad(to: 64)
        try file.commit()
        #expect(contents(scratch.file("padded")) == [7] + [UInt8](repeating: 0, count: 63))
    }
}
