import Foundation
import GRDB
import GRDBSQLite
import Schema

/// Opens a database file: recognizes it, sets up connections, and migrates it.
///
///     file there? ── header ours or empty? ── connections ── application_id, user_version ── migrate
enum Connection {
    struct Opened {
        let reader: any DatabaseReader
        let writer: DatabasePool?
        let identity: StoreIdentity
    }

    /// In bytes. Five rows of 384 float32 components fill 94 % of a page; 4,096 would waste a
    /// quarter.
    private static let pageSize = 8192
    /// The log is checkpointed when it has this many pages (32 MB).
    private static let checkpointPages = 4096
    /// The most concurrent readers; further ones wait.
    private static let readers = 16

    static func open(
        path: String, mode: DocumentStore.Mode, busyTimeout: Duration,
        migrations: [Schema.Migration]
    ) throws(StoreError) -> Opened {
        try requireOurs(path: path, mode: mode)
        do {
            switch mode {
            case .readOnly:
                let reader = try openMigratedReader(
                    path: path, busyTimeout: busyTimeout, migrations: migrations)
                return Opened(
                    reader: reader, writer: nil, identity: try reader.read(readIdentity))
            case .readWrite, .create:
                let pool = try openWriter(
                    path: path, busyTimeout: busyTimeout, supported: migrations.count)
                try Migrator(pool: pool, migrations: migrations).run()
                return Opened(reader: pool, writer: pool, identity: try pool.read(readIdentity))
            }
        } catch {
            throw StoreError(error, path: path, busyTimeout: busyTimeout)
        }
    }

    /// Refuses another program's file before SQLite touches it.
    private static func requireOurs(path: String, mode: DocumentStore.Mode) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            guard code == ENOENT else {
                throw .cannotOpen(path: path, reason: String(cString: strerror(code)))
            }
            if mode == .create { return }
            throw .missing(path: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notADatabase(path: path) }
        guard status.st_size > 0 else {
            // Left by a creation that was killed before the first checkpoint.
            if mode != .create && !FileManager.default.fileExists(atPath: path + "-wal") {
                throw .missing(path: path)
            }
            return
        }
        let header = try readHeader(path)
        if status.st_size >= headerBytes, header.starts(with: Array("SQLite format 3\0".utf8)) {
            return
        }
        // A power failure may leave a first page of zeros: during creation, with a journal from
        // which SQLite rolls back; during a checkpoint, with the log, which has the page.
        let isUnwritten = header.allSatisfy { $0 == 0 }
        let hasJournal = FileManager.default.fileExists(atPath: path + "-journal")
        let hasLog = FileManager.default.fileExists(atPath: path + "-wal")
        guard isUnwritten && (hasLog || hasJournal && mode != .readOnly) else {
            throw .notADatabase(path: path)
        }
    }

    private static let headerBytes = 100

    /// The file's first bytes, padded with zeros, read through SQLite's own file layer.
    ///
    /// Closing any descriptor of a file releases all POSIX locks that the process has on it. If
    /// this process has the database open already, others would consider it closed, and the last of
    /// them would remove the log that this one still writes to (SQLite, "How To Corrupt An SQLite
    /// Database File", 2.2). SQLite keeps such descriptors open until it is safe to close them.
    private static func readHeader(_ path: String) throws(StoreError) -> [UInt8] {
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        // This opens the file without reading it.
        var code = sqlite3_open_v2(plain(path), &connection, SQLITE_OPEN_READONLY, nil)
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard code == SQLITE_OK,
            sqlite3_file_control(connection, nil, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let file, let read = file.pointee.pMethods?.pointee.xRead
        else {
            let system = sqlite3_system_errno(connection)
            throw .cannotOpen(
                path: path,
                reason: String(cString: strerror(system == 0 ? EIO : system)))
        }
        var header = [UInt8](repeating: 0, count: headerBytes)
        code = read(file, &header, Int32(headerBytes), 0)
        guard code == SQLITE_OK || code == ResultCode.SQLITE_IOERR_SHORT_READ.rawValue else {
            throw StoreError(
                DatabaseError(resultCode: ResultCode(rawValue: code)), path: path,
                busyTimeout: .zero)
        }
        return header
    }

    // MARK: Connections

    private static func configuration(
        path: String, busyTimeout: Duration, supported: Int, oldest: Int, mayBeNew: Bool
    ) -> Configuration {
        var configuration = Configuration()
        configuration.label = "vdb"
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(busyTimeout / .seconds(1))
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { database in
            // Before the journal mode is set, so that another program's database is not changed.
            try requireFormat(
                database, path: path, supported: supported, oldest: oldest, mayBeNew: mayBeNew)
            try database.execute(
                sql: """
                    PRAGMA page_size = \(pageSize);
                    PRAGMA secure_delete = OFF;
                    PRAGMA cache_size = -16384;
                    PRAGMA wal_autocheckpoint = \(checkpointPages);
                    """)
            try RowChecksum.register(in: database)
            FilterFunctions.register(in: database)
        }
        return configuration
    }

    private static func openWriter(path: String, busyTimeout: Duration, supported: Int) throws
        -> DatabasePool
    {
        let pool = try DatabasePool(
            path: plain(path),
            configuration: configuration(
                path: path, busyTimeout: busyTimeout, supported: supported, oldest: supported,
                mayBeNew: true))
        // GRDB sets NORMAL, which may lose the last commits in a power failure.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
        }
        return pool
    }

    /// A read-only pool. A file of an older format is migrated first, if it can be.
    private static func openMigratedReader(
        path: String, busyTimeout: Duration, migrations: [Schema.Migration]
    ) throws -> any DatabaseReader {
        do {
            return try openReader(
                path: path, busyTimeout: busyTimeout, supported: migrations.count)
        } catch let error as StoreError {
            guard case .olderFormat = error else { throw error }
            do {
                let pool = try openWriter(
                    path: path, busyTimeout: busyTimeout, supported: migrations.count)
                defer { try? pool.close() }
                try Migrator(pool: pool, migrations: migrations).run()
            } catch let failure as DatabaseError
                where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(failure.resultCode)
            {
                guard case .olderFormat(_, let found, _) = error, found >= Schema.oldestReadable
                else { throw error }
                return try openReader(
                    path: path, busyTimeout: busyTimeout, supported: migrations.count,
                    oldest: Schema.oldestReadable)
            }
            return try openReader(
                path: path, busyTimeout: busyTimeout, supported: migrations.count)
        }
    }

    /// A read-only pool. If SQLite cannot create its shared-memory file (read-only folder or
    /// medium), the file is opened as immutable, which is right as long as nobody writes to it.
    /// That is refused if a log is left, since its content would be missed.
    ///
    /// - Parameter oldest: the oldest format to accept; by default only the newest.
    private static func openReader(
        path: String, busyTimeout: Duration, supported: Int, oldest: Int? = nil
    ) throws -> any DatabaseReader {
        var configuration = configuration(
            path: path, busyTimeout: busyTimeout, supported: supported,
            oldest: oldest ?? supported, mayBeNew: false)
        configuration.readonly = true
        do {
            let pool = try DatabasePool(path: plain(path), configuration: configuration)
            _ = try pool.read(readIdentity)
            return pool
        } catch let error as DatabaseError
            where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
        {
            let log = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
            guard log?[.size] as? Int ?? 0 == 0 else {
                throw StoreError.cannotOpen(
                    path: path,
                    reason: "its write-ahead log (\(path)-wal) can only be read in a writable "
                        + "folder")
            }
            var allowed = CharacterSet.urlPathAllowed
            allowed.remove(charactersIn: "?#%;")
            let absolute = URL(fileURLWithPath: path).path
            guard let escaped = absolute.addingPercentEncoding(withAllowedCharacters: allowed)
            else { throw error }
            return try DatabasePool(
                path: "file://\(escaped)?immutable=1", configuration: configuration)
        }
    }

    /// Whether the file was renamed, moved or deleted since it was opened. In WAL mode SQLite
    /// itself does not check.
    static func hasMoved(_ database: Database) -> Bool {
        var hasMoved: CInt = 0
        let code = sqlite3_file_control(
            database.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        // If the file system cannot tell, assume that it was not.
        return code == SQLITE_OK && hasMoved != 0
    }

    /// The path in a form that SQLite takes for a file's: a relative one could look like a URI
    /// (`file:x.vdb`) or a special name (`:memory:`).
    static func plain(_ path: String) -> String { path.hasPrefix("/") ? path : "./" + path }

    /// Removes the empty log and shared-memory files that a read-only connection creates and may
    /// not remove.
    ///
    /// SQLite removes them, under its own locks, when the last connection closes and may write; so
    /// one that may is opened and closed. If others use the database, or it cannot be written to,
    /// the files stay, which is harmless.
    static func removeEmptyLog(beside path: String) {
        var status = stat()
        guard stat(path + "-wal", &status) == 0, status.st_size == 0 else { return }
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        guard sqlite3_open_v2(plain(path), &connection, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK
        else { return }
        // SQLite opens the log only when something is read.
        sqlite3_exec(connection, "PRAGMA user_version", nil, nil, nil)
    }

    // MARK: Format

    private static func requireFormat(
        _ database: Database, path: String, supported: Int, oldest: Int, mayBeNew: Bool
    ) throws {
        let applicationID = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        guard applicationID == Schema.applicationID else {
            // A new or empty database, or one whose creation was interrupted.
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            guard applicationID == 0 && tables == 0 else {
                throw StoreError.notADatabase(path: path)
            }
            if mayBeNew { return }
            // Pages but no log: either a copy without its log, or a creation that was interrupted
            // at once.
            var log = stat()
            let hasPages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0 > 0
            if hasPages, stat(path + "-wal", &log) != 0 || log.st_size == 0 {
                throw StoreError.withoutLog(path: path)
            }
            throw StoreError.missing(path: path)
        }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if version > supported {
            throw StoreError.newerFormat(path: path, found: version, supported: supported)
        }
        if version < oldest && !mayBeNew {
            throw StoreError.olderFormat(path: path, found: version, supported: supported)
        }
    }

    /// Gives a new database its random identity, and records its origin.
    static func recordOrigin(_ database: Database) throws {
        let identity = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        let time = Date.now.formatted(.iso8601)
        try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        try database.execute(
            sql: "INSERT INTO property (name, value) VALUES ('identity', ?), ('created_by', ?)",
            arguments: [identity.hexadecimal, "vdb, \(time)"])
    }

    private static func readIdentity(_ database: Database) throws -> StoreIdentity {
        func property(_ name: String) throws -> String? {
            try String.fetchOne(
                database, sql: "SELECT value FROM property WHERE name = ?", arguments: [name])
        }
        guard let identity = try property("identity").flatMap([UInt8].init(hexadecimal:)),
            identity.count == 16
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "it has no identity") }
        return StoreIdentity(
            bytes: identity, createdBy: try property("created_by") ?? "",
            formatVersion: try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0)
    }
}

extension [UInt8] {
    /// Two lowercase digits per byte.
    var hexadecimal: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    init?(hexadecimal: String) {
        let digits = Array<UInt8>(hexadecimal.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        self = bytes
    }
}
