import FileFormat
import Foundation
import GRDB

extension DocumentStore {
    /// Replaces the metadata of documents in one transaction; passages and vectors stay as they are.
    /// Ids that do not exist are ignored.
    ///
    /// - Returns: the number of documents changed.
    /// - Throws: `invalidMetadata`, `tooLarge`; `corrupt` for a damaged document.
    package func setMetadata(
        _ changes: [MetadataWrite], in collection: CollectionRecord
    ) throws(StoreError) -> Int {
        for change in changes { try change.validate() }
        return try write { database in
            let current = try CollectionRecord.require(collection, in: database)
            let fields = try IndexedField.all(of: current.id, in: database)
            let writer = try BatchWriter(database, collection: current)
            var count = 0
            for change in changes {
                guard let existing = try writer.existing(id: change.id) else { continue }
                // A damaged row must not get a valid checksum.
                guard existing.contentHash != nil else {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT, message: "document '\(change.id)'")
                }
                try database.cachedStatement(
                    sql: "UPDATE document SET metadata = ?, content_hash = ? WHERE key = ?"
                ).execute(arguments: [
                    change.metadata, Data(change.contentHash.bytes), existing.key,
                ])
                try database.cachedStatement(
                    sql: """
                        UPDATE document SET checksum = \(RowChecksum.name)(\(RowChecksum.document))
                        WHERE key = ?
                        """
                ).execute(arguments: [existing.key])
                try database.cachedStatement(sql: "DELETE FROM field_value WHERE document = ?")
                    .execute(arguments: [existing.key])
                for field in fields {
                    try field.insertValues(ofDocument: existing.key, in: database)
                }
                count += 1
            }
            _ = try writer.finish()
            return count
        }
    }
}
