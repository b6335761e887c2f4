import FileFormat
import Foundation
import GRDB

/// A passage's words: what the lexical index is made of.
package struct PassageText: Sendable, Equatable {
    package let key: Int64
    package let title: String
    package let text: String
}

/// What has happened to the texts since some moment, as of one later moment.
package struct TextChanges: Sendable {
    /// Where the change log stands.
    package internal(set) var position: Int64
    /// Passages that are there and were not, in key order; at most as many as were asked for.
    package internal(set) var inserted: [PassageText] = []
    /// Keys that were deleted, also of passages that came and went meanwhile.
    package internal(set) var deleted: [ClosedRange<Int64>] = []
    /// Whether there is more, to be asked for from here.
    package internal(set) var isCut = false
}

extension DocumentStore {
    /// The passages after `key`, and what was deleted since `position`, read in one transaction.
    ///
    /// - Parameters:
    ///   - position: `nil` where nothing is held that could have been deleted.
    ///   - limit: passages at most.
    /// - Throws: `changesPruned` where the log no longer reaches back to `position`; `corrupt` where a
    ///   passage is not as it was written.
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
