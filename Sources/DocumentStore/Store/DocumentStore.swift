import FileFormat
import Foundation
import GRDB
import Schema

/// The truth: one SQLite file that holds documents, passages, vectors, metadata, the
/// identity of the model that made the vectors, and a log of changes that the vector index follows.
///
/// Invariants:
/// 1. A call that returned is durable: it is one transaction, in a write-ahead log that is synced
///    before the commit returns (`synchronous=FULL`). A call that threw changed nothing.
/// 2. A passage key names one passage for ever. Keys only grow, also across deletes, and the keys of
///    one write are consecutive.
/// 3. A passage, its row in `vector_N` (if the collection has vectors), and its line in the change
///    log appear and vanish in one transaction.
/// 4. Every vector in a collection was made by the model that the collection names.
///
/// One writer at a time, across threads and processes: a second one waits for `busyTimeout`. Readers
/// see the last commit and never wait for the writer. Safe to use from any thread. Close it when
/// done, or the write-ahead log stays beside the file (harmless, and taken in by the next opening).
package final class DocumentStore: Sendable {
    package enum Mode: Sendable {
        /// Nothing is written, except that a file of an older format is migrated if it can be.
        case readOnly
        case readWrite
        /// As `readWrite`; a missing database is made.
        case create
    }

    package struct Identity: Sendable, Equatable {
        /// 16 random bytes, drawn when the database was made and kept by its backups.
        package let bytes: [UInt8]
        /// Version and time of the program that made it.
        package let createdBy: String
        package let formatVersion: Int

        /// 32 lower-case hexadecimal digits.
        package var hexadecimal: String {
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }

    package let path: String
    package let mode: Mode
    package let identity: Identity

    let reader: any DatabaseReader
    /// Nil when read-only.
    let writer: DatabasePool?
    let busyTimeout: Duration
    /// For the files that SQLite does not write.
    let fileSystem: any FileSystem

    /// - Parameters:
    ///   - busyTimeout: how long a write waits for another process's.
    ///   - migrations: what brings an older file to the newest format; others only in tests.
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
        // The last connection to close takes the write-ahead log in, which a reading one cannot: so
        // the readers go first. (GRDB's own order is the reverse.)
        writer?.releaseMemory()
        do { try reader.close() } catch { throw convert(error) }
        if writer == nil { Connection.removeEmptyLog(beside: path) }
    }

    // MARK: Transactions

    /// Runs `body` on a snapshot of the last commit.
    func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        do { return try reader.read(body) } catch { throw convert(error) }
    }

    /// Makes sure that the path still names the file that is open.
    ///
    /// - Throws: `moved`: what is written goes where nobody looks for it.
    package func requireInPlace() throws(StoreError) {
        guard let writer else { return }
        do {
            if try writer.writeWithoutTransaction(Connection.hasMoved) {
                throw StoreError.moved(path: path)
            }
        } catch { throw convert(error) }
    }

    /// Runs `body` in a transaction that is durable when this returns, and in the file that the path
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
            // Again: it may have gone while the commit was on its way to the disk.
            try requireInPlace()
            return result
        } catch { throw convert(error) }
    }

    /// Runs `body` on the writer's connection, outside of any transaction.
    func writeOutsideTransaction<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
        guard let writer else { throw .readOnly(path: path) }
        do { return try writer.writeWithoutTransaction(body) } catch { throw convert(error) }
    }

    func convert(_ error: any Error) -> StoreError {
        StoreError(error, path: path, busyTimeout: busyTimeout)
    }
}
