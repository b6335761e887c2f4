import FileFormat
import Foundation
import GRDB

extension DocumentStore {
    private static let documentColumns = """
        d.key, d.id, d.title, d.metadata, s.path, d.source_position, d.content_hash,
            \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
        FROM document AS d LEFT JOIN source AS s ON s.id = d.source
        """

    package func document(id: String, in collection: CollectionRecord) throws(StoreError)
        -> DocumentRecord?
    {
        // SQLite would see only the part before the NUL, which may be another document's id.
        if id.hasNUL { return nil }
        return try read { database in
            try Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT \(Self.documentColumns) WHERE d.collection = ? AND d.id = ?"),
                arguments: [collection.id, id]
            ).map(DocumentRecord.init)
        }
    }

    /// A page of at most `limit` documents in the byte order of ids, from the one after `id`.
    ///
    /// - Throws: `corrupt` for a row that has changed since it was written, and if a page that
    ///   should hold all documents lacks some: the index that this walks has no checksums.
    package func documents(
        after id: String? = nil, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [DocumentRecord] {
        try read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT \(Self.documentColumns)
                        WHERE d.collection = ? AND d.id > ? ORDER BY d.id LIMIT ?
                        """), arguments: [collection.id, id ?? "", limit])
            if id == nil, rows.count < limit,
                try CollectionRecord.read(collection, in: database).documentCount != rows.count
            {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "the documents' index by id")
            }
            return try rows.map(DocumentRecord.init)
        }
    }

    /// Where a passage starts in the document's text, in bytes; `nil` if there is none.
    package func start(
        ofPassage ordinal: Int, ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> Int? {
        try read { database in
            try Int.fetchOne(
                database.cachedStatement(
                    sql: "SELECT text_start FROM passage WHERE document = ? AND ordinal = ?"),
                arguments: [key, ordinal])
        }
    }
}

extension DocumentRecord {
    /// - Throws: `SQLITE_CORRUPT` if the row has changed since it was written.
    init(row: Row) throws {
        let key: Int64 = row[0]
        // Check this first: a damaged row may hold anything in any column.
        guard row[7] else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the document with key \(key)")
        }
        self.init(
            key: key, id: row[1], title: row[2], metadata: row[3], source: row[4],
            sourcePosition: row[5], contentHash: ContentHash(data: row[6]))
    }
}
