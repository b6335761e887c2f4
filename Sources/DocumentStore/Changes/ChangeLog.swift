import GRDB

/// The log of inserted and deleted passages, which indexes follow.
///
/// Each entry has a random token. Two copies of a database that diverged reach the same positions,
/// but with different tokens. So position and token together identify one history, and the state
/// that a file with both was made from.
enum ChangeLog {
    static func append(
        _ kind: Change.Kind, _ passages: ClosedRange<Int64>, collection: Int64,
        to database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO change (\(RowChecksum.change), checksum)
                VALUES (?1, ?2, ?3, ?4, ?5, \(RowChecksum.name)(?1, ?2, ?3, ?4, ?5))
                """
        ).execute(arguments: [
            collection, kind.rawValue, passages.lowerBound, passages.upperBound,
            Int64.random(in: .min ... .max),
        ])
    }

    /// The position of the last entry; if there is none, the one that the log has been pruned
    /// through.
    static func position(of collection: Int64, in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT max(changes_pruned_through, coalesce(
                        (SELECT max(position) FROM change WHERE collection = :id), 0))
                    FROM collection WHERE id = :id
                    """), arguments: ["id": collection]) ?? 0
    }

    static func prunedThrough(_ collection: Int64, in database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT changes_pruned_through FROM collection WHERE id = ?"),
            arguments: [collection]) ?? 0
    }
}

extension DocumentStore {
    /// The current position of the log; 0 before anything was written.
    package func position(of collection: CollectionRecord) throws(StoreError) -> Int64 {
        try read { database in try ChangeLog.position(of: collection.id, in: database) }
    }

    /// The token of the entry at `position`, which distinguishes this history from others; `nil` if
    /// the log has no such entry or no longer reaches back to it.
    package func historyToken(at position: Int64, in collection: CollectionRecord)
        throws(StoreError) -> Int64?
    {
        try read { database in
            try Int64.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT CASE changes_pruned_through WHEN :position THEN changes_pruned_token
                            ELSE (SELECT token FROM change
                                WHERE position = :position AND collection = :id) END
                        FROM collection WHERE id = :id
                        """), arguments: ["position": position, "id": collection.id])
        }
    }

    /// The entries after `position`, oldest first, at most `limit`.
    ///
    /// - Throws: `changesPruned` if some of them have been pruned.
    package func changes(
        after position: Int64, limit: Int = 10_000, in collection: CollectionRecord
    ) throws(StoreError) -> [Change] {
        try read { database in
            let pruned = try ChangeLog.prunedThrough(collection.id, in: database)
            guard position >= pruned else {
                throw StoreError.changesPruned(
                    collection: collection.name, position: position, prunedThrough: pruned)
            }
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT position, kind, first_passage, last_passage,
                            \(RowChecksum.isRight(RowChecksum.change))
                        FROM change WHERE collection = ? AND position > ? ORDER BY position LIMIT ?
                        """), arguments: [collection.id, position, limit])
            return try rows.map { row in
                let position: Int64 = row[0]
                guard row[4], let kind = Change.Kind(rawValue: row[1]),
                    (row[2] as Int64) <= (row[3] as Int64)
                else {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT, message: "entry \(position) of the change log")
                }
                return Change(position: position, kind: kind, passages: row[2]...row[3])
            }
        }
    }

    /// Deletes the entries up to and including `position`, which all indexes cover.
    package func pruneChanges(through position: Int64, in collection: CollectionRecord)
        throws(StoreError)
    {
        try write { database in
            let last = try min(position, ChangeLog.position(of: collection.id, in: database))
            try database.execute(
                sql: """
                    UPDATE collection SET changes_pruned_token = coalesce((
                            SELECT token FROM change
                            WHERE collection = :id AND position <= :last
                            ORDER BY position DESC LIMIT 1
                        ), changes_pruned_token) WHERE id = :id;
                    DELETE FROM change WHERE collection = :id AND position <= :last;
                    UPDATE collection
                        SET changes_pruned_through = max(changes_pruned_through, :last)
                        WHERE id = :id;
                    """, arguments: ["id": collection.id, "last": last])
        }
    }
}
