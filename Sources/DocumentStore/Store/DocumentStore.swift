import FileFormat
import Foundation
import GRDB
import Schema

/// The source of truth: one SQLite file with documents, passages, vectors, metadata, the identity
/// of the model that made the vectors, and a log of changes that the indexes follow.
///
/// Invariants:
/// 1. A call that returned is durable: it is one transaction, in a write-ahead log that is synced
///    before the commit returns (`synchronous=FULL`). A call that threw changed nothing.
/// 2. A passage key is never reused. Keys only grow, even after deletions, and the keys of one
/// write are consecutive.
/// 3. A passage, its row in `vector_N` (if the collection has vectors), and its entry in the change
/// log are written in one transaction; so is a deletion.
/// 4. Every vector in a collection was made by the model that the collection names.
///
/// One writer at a time, across threads and processes; a second one waits up to `busyTimeout`.
/// Readers see the last commit and never wait for the writer. Safe to use from any thread. Close it
/// when done, or the write-ahead log is left (which is harmless: the next open replays it).
package final class DocumentStore: Store {
    package enum Mode: Sendable {
        /// Nothing is written, except to migrate a file of an older format if possible.
        case readOnly
        case readWrite
        /// As `readWrite`; a missing database is created.
        case create
    }

    package let path: String
    package let mode: Mode
    package let identity: StoreIdentity

    let reader: any DatabaseReader
    /// `nil` if read-only.
    let writer: DatabasePool?
    let busyTimeout: Duration
    /// Used for files that SQLite does not write.
    let fileSystem: any FileSystem

    /// - Parameters:
    ///   - busyTimeout: how long a write waits for one in another process.
    ///   - migrations: the steps to the newest format; set only in tests.
    package init(
        path: String, mode: Mode, busyTimeout: Duration = .seconds(10),
        migrations: [Schema.Migration] = Schema.migrations,
        fileSystem: any FileSystem = SystemFileSystem()
    ) throws(StoreError) {
        let opened = try Connection.open(
            path: path, mode: mode, busyTimeout: busyTimeout, migrations: migrations)
        self.path = path
        self.mode = mode
        self.busyTimeout = busyTimeout
        self.fileSystem = fileSystem
        reader = opened.reader
        writer = opened.writer
        identity = opened.identity
    }

    /// Closes every connection. Later calls throw `closed`.
    package func close() throws(StoreError) {
        // The last connection to close checkpoints the log, which a read-only one cannot: so
        // readers are closed first. (GRDB's own order is the reverse.)
        writer?.releaseMemory()
        do { try reader.close() } catch { throw convert(error) }
        if writer == nil { Connection.removeEmptyLog(beside: path) }
    }

    // MARK: Transactions

    /// Runs `body` on a snapshot of the last commit.
    func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do { return try reader.read(body) } catch { throw convert(error) }
    }

    /// Checks that the path still names the file that is open.
    ///
    /// - Throws: `moved`; then writes no longer reach the file at the path.
    package func requireInPlace() throws(StoreError) {
        guard let writer, writer.writeWithoutTransaction(Connection.hasMoved) else { return }
        throw .moved(path: path)
    }

    /// Runs `body` in a transaction. When this returns it is durable, in the file that the path
    /// names.
    func write<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        guard let writer else { throw .readOnly(path: path) }
        do {
            let result = try writer.write { database in
                try Seal.verifyAll(in: database)
                let result = try body(database)
                try Seal.renew(in: database)
                if Connection.hasMoved(database) { throw StoreError.moved(path: path) }
                return result
            }
            // Check again: the file may have been moved during the commit.
            try requireInPlace()
            return result
        } catch { throw convert(error) }
    }

    /// Runs `body` on the writer's connection, outside any transaction.
    func writeOutsideTransaction<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        guard let writer else { throw .readOnly(path: path) }
        do { return try writer.writeWithoutTransaction(body) } catch { throw convert(error) }
    }

    func convert(_ error: any Error) -> StoreError {
        let error = StoreError(error, path: path, busyTimeout: busyTimeout)
        // A pool opens further connections as readers need them; of a file that was there before,
        // that fails if it is gone.
        if case .cannotOpen = error, !FileManager.default.fileExists(atPath: path) {
            return .moved(path: path)
        }
        return error
    }
}
