import Foundation
import GRDB
import Schema
import Synchronization
import TestSupport
import Testing

@testable import DocumentStore

@Suite struct OpeningTests {
    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path))
    }

    private func open(_ path: String, _ mode: DocumentStore.Mode) throws {
        try DocumentStore(path: path, mode: mode).close()
    }

    @Test func identityStaysWithTheFile() throws {
        let scratch = TemporaryFolder()
        let (store, _) = try DocumentStore.make(scratch)
        #expect(store.identity.bytes.count == 16)
        #expect(store.identity.hexadecimal.count == 32)
        #expect(store.identity.formatVersion == Schema.migrations.count)
        try store.close()
        for mode in [DocumentStore.Mode.readOnly, .readWrite, .create] {
            let again = try DocumentStore(path: store.path, mode: mode)
            #expect(again.identity == store.identity)
            try again.close()
        }
        let other = try DocumentStore(path: scratch.file("other.vdb"), mode: .create)
        #expect(other.identity.bytes != store.identity.bytes)
        try other.close()
    }

    @Test func whatIsNotOursIsRefusedUntouched() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("foreign.db")
        for mode in [DocumentStore.Mode.readOnly, .readWrite] {
            #expect(throws: StoreError.missing(path: path)) { try open(path, mode) }
        }
        let short = Data("SQLite format 3\0".utf8)
        let contents = [Data("hello, world".utf8), short, Data(count: 5000)]
        for content in contents {
            try content.write(to: URL(fileURLWithPath: path))
            for mode in [DocumentStore.Mode.readOnly, .readWrite, .create] {
                #expect(throws: StoreError.notADatabase(path: path)) { try open(path, mode) }
            }
            #expect(try bytes(path) == content)
        }
        #expect(throws: StoreError.notADatabase(path: scratch.path)) {
            try open(scratch.path, .create)
        }
        #expect(throws: StoreError.self) { try open(scratch.file("no/such/folder.vdb"), .create) }
    }

    /// A process killed while creating a database leaves an empty file, or one without tables.
    @Test func whatWasNeverFinishedIsNoDatabaseYet() throws {
        let scratch = TemporaryFolder()
        let empty = scratch.file("empty.vdb")
        try Data().write(to: URL(fileURLWithPath: empty))
        let begun = scratch.file("begun.vdb")
        let queue = try DatabaseQueue(path: begun)
        try queue.inDatabase { database in
            try database.execute(sql: "CREATE TABLE t (a); DROP TABLE t; PRAGMA journal_mode = WAL")
        }
        try queue.close()
        let errors = [StoreError.missing(path: empty), .withoutLog(path: begun)]
        for (path, error) in zip([empty, begun], errors) {
            #expect(throws: error) { try open(path, .readOnly) }
            try open(path, .create)
            try open(path, .readOnly)
        }
    }

    /// `cp` of a database that is being written to, without its log.
    @Test func aCopyWithoutItsLogIsToldFromNoDatabase() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        let path = scratch.file("copy.vdb")
        try bytes(store.path).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.withoutLog(path: path)) { try open(path, .readOnly) }
        try bytes(store.path + "-wal").write(to: URL(fileURLWithPath: path + "-wal"))
        let copy = try DocumentStore(path: path, mode: .readOnly)
        #expect(try copy.document(id: "a", in: collection) != nil)
        try copy.close()
        try store.close()
    }

    /// Writes after the file was moved away would be lost.
    @Test(arguments: [true, false]) func aDatabaseThatIsTakenAwayIsNoticed(isMoved: Bool) throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        try store.requireInPlace()
        if isMoved {
            try FileManager.default.moveItem(atPath: store.path, toPath: scratch.file("moved.vdb"))
        } else {
            try FileManager.default.removeItem(atPath: store.path)
        }
        let moved = StoreError.moved(path: store.path)
        #expect(throws: moved) { try store.write([.sample("b")], to: collection) }
        #expect(throws: moved) { try store.requireInPlace() }
        // Another file of the same name is not the open one.
        try Data(count: 10).write(to: URL(fileURLWithPath: store.path))
        #expect(throws: moved) { try store.delete(ids: ["a"], from: collection) }
        #expect(try store.document(id: "b", in: collection) == nil)
        try? store.close()
    }

    /// A second reader needs a connection of its own, which cannot be opened if the file is gone.
    @Test func readersNoticeThatADatabaseIsTakenAway() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        let failure = Mutex<(any Error)?>(nil)
        try store.read { _ in
            try FileManager.default.removeItem(atPath: store.path)
            let isDone = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                do { _ = try store.document(id: "a", in: collection) } catch {
                    failure.withLock { $0 = error }
                }
                isDone.signal()
            }
            isDone.wait()
        }
        #expect(failure.withLock { $0 as? StoreError } == .moved(path: store.path))
        try? store.close()
    }

    /// The power fails during a checkpoint, and the file's first page is lost; the log has it.
    @Test func aFirstPageThatOnlyTheLogHas() throws {
        let scratch = TemporaryFolder()
        let (store, _) = try DocumentStore.make(scratch)
        defer { try? store.close() }
        let path = scratch.file("copy.vdb")
        var content = try bytes(store.path)
        content.resetBytes(in: 0..<min(content.count, 8192))
        try content.write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.notADatabase(path: path)) { try open(path, .readOnly) }
        try bytes(store.path + "-wal").write(to: URL(fileURLWithPath: path + "-wal"))
        let copy = try DocumentStore(path: path, mode: .readOnly)
        #expect(copy.identity.bytes == store.identity.bytes)
        try copy.close()
    }

    /// Another program's database: ours with its application id or version overwritten in the header.
    @Test func foreignAndNewerDatabasesAreRefusedUntouched() throws {
        let scratch = TemporaryFolder()
        let (store, _) = try DocumentStore.make(scratch)
        try store.close()
        var foreign = try bytes(store.path)
        foreign.replaceSubrange(68..<72, with: [0, 0, 0, 9])
        let foreignPath = scratch.file("foreign.db")
        try foreign.write(to: URL(fileURLWithPath: foreignPath))
        var newer = try bytes(store.path)
        newer.replaceSubrange(60..<64, with: [0, 0, 0, 99])
        let newerPath = scratch.file("newer.vdb")
        try newer.write(to: URL(fileURLWithPath: newerPath))
        for mode in [DocumentStore.Mode.readOnly, .readWrite, .create] {
            #expect(throws: StoreError.notADatabase(path: foreignPath)) {
                try open(foreignPath, mode)
            }
            #expect(
                throws: StoreError.newerFormat(
                    path: newerPath, found: 99, supported: Schema.migrations.count)
            ) { try open(newerPath, mode) }
        }
        #expect(try bytes(foreignPath) == foreign)
        #expect(try bytes(newerPath) == newer)
        #expect(!(try scratch.names().contains("foreign.db-wal")))
    }

    @Test func aMigrationIsAllOrNothingAndGoesOn() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        try store.close()
        let second = Schema.Migration(name: "second", sql: "CREATE TABLE extra (x INTEGER) STRICT")
        let broken = Schema.Migration(
            name: "third", sql: "INSERT INTO extra VALUES (1); CREATE TABLE extra (y); SELECT 1")
        let third = Schema.Migration(name: "third", sql: "INSERT INTO extra VALUES (7)")
        // The second step is complete; the third is interrupted.
        #expect(throws: StoreError.self) {
            _ = try DocumentStore(
                path: store.path, mode: .readWrite,
                migrations: Schema.migrations + [second, broken])
        }
        let between = try DocumentStore(
            path: store.path, mode: .readWrite, migrations: Schema.migrations + [second])
        let newest = Schema.migrations.count
        #expect(between.identity.formatVersion == newest + 1)
        try between.close()
        for _ in 0..<2 {
            let done = try DocumentStore(
                path: store.path, mode: .readWrite, migrations: Schema.migrations + [second, third])
            #expect(done.identity.formatVersion == newest + 2)
            #expect(done.identity.bytes == store.identity.bytes)
            #expect(try done.document(id: "a", in: collection) != nil)
            try done.close()
        }
        #expect(
            throws: StoreError.newerFormat(
                path: store.path, found: newest + 2, supported: newest)
        ) { try open(store.path, .readWrite) }
    }

    @Test func whoWaitsTooLongIsTold() throws {
        let scratch = TemporaryFolder()
        let (first, collection) = try DocumentStore.make(scratch)
        // The record of a sync is in the writer's own connection and locks nothing for others.
        try first.beginSync()
        let store = try DocumentStore(
            path: first.path, mode: .readWrite, busyTimeout: .milliseconds(20))
        let holder = try DatabaseQueue(path: first.path)
        try holder.inDatabase { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            #expect(throws: StoreError.locked(path: first.path, seconds: 0.02)) {
                try store.write([.sample("a")], to: collection)
            }
            #expect(try store.document(id: "a", in: collection) == nil)
            try database.execute(sql: "ROLLBACK")
        }
        try holder.close()
        _ = try store.write([.sample("a")], to: collection)
        #expect(try first.document(id: "a", in: collection) != nil)
        try store.close()
        #expect(throws: StoreError.closed(path: store.path)) {
            try store.document(id: "a", in: collection)
        }
        try first.close()
    }

    @Test func readOnlyWritesNothing() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a", text: "a word")], to: collection)
        try store.close()
        let before = try bytes(store.path)
        let reader = try DocumentStore(path: store.path, mode: .readOnly)
        #expect(try reader.passages(limit: 5, in: collection).map(\.text) == ["a word"])
        #expect(throws: StoreError.readOnly(path: store.path)) {
            try reader.write([.sample("b")], to: collection)
        }
        #expect(try reader.check().isEmpty)
        // With another reader there, the log is in use.
        let second = try DocumentStore(path: store.path, mode: .readOnly)
        try reader.close()
        #expect(try second.document(id: "a", in: collection) != nil)
        try second.close()
        #expect(try bytes(store.path) == before)
        #expect(try scratch.names() == ["corpus.vdb"])
    }

    /// The log of a killed writer is replayed by the next open, even a read-only one.
    @Test func aLogLeftBehindIsRead() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        let copy = scratch.file("copy.vdb")
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: store.path + suffix, toPath: copy + suffix)
        }
        try store.close()
        for mode in [DocumentStore.Mode.readOnly, .readWrite] {
            let again = try DocumentStore(path: copy, mode: mode)
            #expect(try again.document(id: "a", in: collection) != nil)
            try again.close()
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere: run this as another user"))
    func anUnwritableFolderIsReadAsItIs() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a")], to: collection)
        try store.close()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o555], ofItemAtPath: scratch.path)
        defer {
            try? FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: scratch.path)
        }
        let reader = try DocumentStore(path: store.path, mode: .readOnly)
        #expect(try reader.document(id: "a", in: collection) != nil)
        try reader.close()
    }

    /// Closing any descriptor of a file releases all of a process's POSIX locks on it; without
    /// them, another process would remove the log that this one writes to.
    @Test(.enabled(if: listsLocks, "/proc/locks does not list this process's locks"))
    func openingAgainKeepsTheLocks() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        defer { try? store.close() }
        _ = try store.write([.sample("a")], to: collection)
        // One close would release all of them.
        #expect(Self.locks(on: store.path) > 0)
        for mode in [DocumentStore.Mode.readOnly, .readWrite] {
            try open(store.path, mode)
            #expect(Self.locks(on: store.path) > 0)
        }
    }

    /// This process's POSIX locks on a file.
    private static func locks(on path: String) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        // The kernel lists page by page, and leaves entries out if others take and release locks
        // between two pages: the fullest of several readings counts.
        return (0..<10).map { _ in
            lockTable().split(separator: "\n").count {
                $0.contains(" POSIX ") && $0.contains(" \(getpid()) ")
                    && $0.contains(":\(status.st_ino) ")
            }
        }.max() ?? 0
    }

    /// All of /proc/locks. Foundation stops after the first page, since the file says that it has no
    /// bytes: with more than sixty locks, as in a run of all tests, the last are missing.
    private static func lockTable() -> String {
        let descriptor = Foundation.open("/proc/locks", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var table: [UInt8] = []
        var page = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &page, page.count)
            if count <= 0 { return String(decoding: table, as: UTF8.self) }
            table += page[..<count]
        }
    }

    /// Whether a lock that this process takes is listed: in some containers none is.
    private static let listsLocks: Bool = {
        let folder = TemporaryFolder()
        guard let path = try? folder.write("locked", "x") else { return false }
        let descriptor = Foundation.open(path, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_SETLK, &lock) == 0 && locks(on: path) > 0
    }()
}
