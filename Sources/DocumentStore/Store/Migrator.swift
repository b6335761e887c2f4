import GRDB
import Schema

/// Brings a database file to the newest format.
///
///     format n ── one transaction: the step's SQL, its SQL for each table of each collection, n + 1 ──>
///     … newest ── backfill: batches, each a transaction that also notes how far it has come ──> ready
///
/// 1. A step is there with its version number or not at all: interrupted, it is taken again.
/// 2. The rows that a step leaves to be filled in are listed in `backfill`; whoever next opens the
///    database for writing goes on from there. Until then readers do without.
/// 3. Several processes may do this at once: each transaction reads first how far the others came.
struct Migrator {
    let pool: DatabasePool
    let migrations: [Schema.Migration]

    /// Rows filled in by one transaction.
    private static let batch = 2000

    func run() throws {
        while try step() {}
        while try fillBatch() {}
    }

    // MARK: Steps

    /// - Returns: whether there was one left.
    private func step() throws -> Bool {
        guard try pool.read(version) < migrations.count else { return false }
        return try pool.write { database in
            // Another process may have been here first.
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
                // A virtual table whose own tables are damaged cannot be connected to: an error.
                where [.SQLITE_CORRUPT, .SQLITE_ERROR].contains(error.resultCode)
            {}
        }
    }

    private func version(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    // MARK: Backfill

    /// Checksums for the next rows without.
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

    /// The first table of which not every row has been filled in, and the key up to which they have.
    static func unfilled(_ database: Database) throws -> (table: String, through: Int64)? {
        guard try database.tableExists("backfill") else { return nil }
        return try Row.fetchOne(
            database, sql: "SELECT table_name, through FROM backfill ORDER BY table_name LIMIT 1"
        ).map { ($0[0], $0[1]) }
    }
}
