import GRDB
import Schema

/// Migrates a database file to the newest format.
///
///     format n ── one transaction: the step's SQL, its SQL for each table of each collection, n + 1 ──>
///     … newest ── backfill: batches, each a transaction that also notes how far it has come ──> ready
///
/// 1. A step and its version number are committed together; an interrupted step is repeated.
/// 2. The rows that a step leaves to fill in are listed in `backfill`; the next process that opens
/// the database for writing continues there. Until then readers do without.
/// 3. Several processes may migrate at once: each transaction first reads how far the others are.
struct Migrator {
    let pool: DatabasePool
    let migrations: [Schema.Migration]

    /// The number of rows filled in per transaction.
    private static let batch = 2000

    func run() throws {
        while try step() {}
        while try fillBatch() {}
    }

    // MARK: Steps

    /// - Returns: whether there was a step left.
    private func step() throws -> Bool {
        guard try pool.read(version) < migrations.count else { return false }
        return try pool.write { database in
            // Another process may have been faster.
            let found = try version(database)
            guard found < migrations.count else { return false }
            let migration = migrations[found]
            if try Seal.isThere(in: database) { try Seal.verifyAll(in: database) }
            if !migration.sql.isEmpty { try database.execute(sql: migration.sql) }
            for step in migration.tableSteps { try run(step, in: database) }
            if found == 0 { try Connection.recordOrigin(database) }
            if try Seal.isThere(in: database) { try Seal.renew(in: database) }
            try database.execute(sql: "PRAGMA user_version = \(found + 1)")
            return true
        }
    }

    private func run(_ step: Schema.TableStep, in database: Database) throws {
        for id in try Int64.fetchAll(database, sql: "SELECT id FROM collection ORDER BY id") {
            let table = step.prefix + String(id)
            guard try database.tableExists(table) else { continue }
            guard step.skipsDamaged else {
                try database.execute(sql: step.sql(table: table))
                continue
            }
            do {
                try database.inSavepoint {
                    try database.execute(sql: step.sql(table: table))
                    return .commit
                }
            } catch let error as DatabaseError
                // A virtual table with damaged shadow tables cannot be opened.
                where [.SQLITE_CORRUPT, .SQLITE_ERROR].contains(error.resultCode)
            {}
        }
    }

    private func version(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    // MARK: Backfill

    /// Computes the checksums of the next rows without one.
    /// - Returns: whether there may be more.
    private func fillBatch() throws -> Bool {
        guard try pool.read(Self.unfilled) != nil else { return false }
        return try pool.write { database in
            guard let (table, through) = try Self.unfilled(database) else { return false }
            let key = table.contains("vector_") ? "passage" : "key"
            guard let columns = RowChecksum.columns(ofTable: table) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "a backfill of the unknown table \(table)"
                )
            }
            let last = try Int64.fetchOne(
                database,
                sql: """
                    SELECT max(\(key)) FROM
                        (SELECT \(key) FROM \(table) WHERE \(key) > ? ORDER BY \(key) LIMIT ?)
                    """, arguments: [through, Self.batch])
            guard let last else {
                try database.execute(
                    sql: "DELETE FROM backfill WHERE table_name = ?", arguments: [table])
                return true
            }
            try database.execute(
                sql: """
                    UPDATE \(table) SET checksum = \(RowChecksum.name)(\(columns))
                    WHERE \(key) > ? AND \(key) <= ? AND checksum IS NULL
                    """, arguments: [through, last])
            try database.execute(
                sql: "UPDATE backfill SET through = ? WHERE table_name = ?",
                arguments: [last, table])
            return true
        }
    }

    /// The first table with rows to fill in, and the key up to which they are done.
    static func unfilled(_ database: Database) throws -> (table: String, through: Int64)? {
        guard try database.tableExists("backfill") else { return nil }
        return try Row.fetchOne(
            database, sql: "SELECT table_name, through FROM backfill ORDER BY table_name LIMIT 1"
        ).map { ($0[0], $0[1]) }
    }
}
