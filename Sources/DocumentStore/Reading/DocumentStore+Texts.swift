import FileFormat
import Foundation
import GRDB

/// The text of a passage, for the lexical index.
package struct PassageText: Sendable, Equatable {
    package let key: Int64
    package let title: String
    package let text: String
}

/// The texts inserted and deleted since a position of the change log.
package struct TextChanges: Sendable {
    /// The position of the change log that this brings a follower to.
    package internal(set) var position: Int64
    /// New passages in key order, at most `limit`.
    package internal(set) var inserted: [PassageText] = []
    /// Deleted keys, including those of passages that were inserted and deleted meanwhile.
    package internal(set) var deleted: [ClosedRange<Int64>] = []
    /// Whether there may be more, which the next call returns.
    package internal(set) var isCut = false
}

extension DocumentStore {
    /// The passages after `key`, and the keys deleted since `position`, read in one transaction.
    ///
    /// - Parameters:
    ///   - position: `nil` if the caller has no passages that could have been deleted.
    ///   - limit: the most passages to return.
    /// - Throws: `changesPruned` if the log no longer reaches back to `position`; `corrupt` if a
    ///   passage has changed since it was written.
    package func textChanges(
        since position: Int64?, afterKey key: Int64, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> TextChanges {
        try read { database in
            let now = try ChangeLog.position(of: collection.id, in: database)
            var changes = TextChanges(position: now)
            if let position, position < now {
                let pruned = try ChangeLog.prunedThrough(collection.id, in: database)
                guard position >= pruned else {
                    throw StoreError.changesPruned(
                        collection: collection.name, position: position, prunedThrough: pruned)
                }
                let rows = try Row.fetchCursor(
                    database.cachedStatement(
                        sql: """
                            SELECT position, first_passage, last_passage,
                                \(RowChecksum.isRight(RowChecksum.change))
                            FROM change WHERE collection = ? AND position > ? AND kind = ?
                            ORDER BY position
                            """),
                    arguments: [collection.id, position, Change.Kind.deleted.rawValue])
                while let row = try rows.next() {
                    let (first, last): (Int64, Int64) = (row[1], row[2])
                    guard first <= last, row[3] else {
                        throw DatabaseError(
                            resultCode: .SQLITE_CORRUPT,
                            message: "entry \(row[0] as Int64) of the change log")
                    }
                    changes.deleted.append(first...last)
                }
            }
            let rows = try Row.fetchCursor(
                database.cachedStatement(
                    sql: """
                        SELECT p.key, d.title, p.text_length, p.text,
                            \(RowChecksum.isRight(RowChecksum.passage, alias: "p."))
                        FROM passage AS p CROSS JOIN document AS d ON d.key = p.document
                        WHERE p.key > ? AND d.collection = ? ORDER BY p.key LIMIT ?
                        """), arguments: [key, collection.id, limit])
            while let row = try rows.next() {
                do throws(FileError) {
                    guard row[4] else { throw .corruptBlock(expected: row[2]) }
                    changes.inserted.append(
                        PassageText(
                            key: row[0], title: row[1],
                            text: try StoredText.decode(row[3], length: row[2])))
                } catch {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT,
                        message: "the text of passage \(row[0] as Int64)")
                }
            }
            changes.isCut = changes.inserted.count == limit
            return changes
        }
    }
}
