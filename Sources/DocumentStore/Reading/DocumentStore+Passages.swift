import FileFormat
import Foundation
import GRDB

/// A passage's document, so that rankings can count a document once.
package struct PassageOwner: Sendable, Equatable {
    package let documentKey: Int64
    package let documentID: String
}

extension DocumentStore {
    /// CROSS keeps SQLite from starting with the documents, since passages are read in key order.
    private static let passageColumns = """
        p.key, p.document, d.id, d.title, d.metadata, p.ordinal, p.text_start, p.tokens,
            p.text_length, p.text,
            \(RowChecksum.isRight(RowChecksum.passage, alias: "p.")),
            \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
        FROM passage AS p CROSS JOIN document AS d ON d.key = p.document
        """

    /// The passages in the order of `keys`; deleted ones are left out.
    package func passages(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(Self.passageColumns) WHERE p.key = ?")
            return try keys.compactMap { key in
                try Row.fetchOne(statement, arguments: [key]).map(PassageRecord.init)
            }
        }
    }

    /// The passages of some documents, each document's in order; without those that do not exist.
    package func passages(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: [PassageRecord]] {
        try read { database in
            var found: [Int64: [PassageRecord]] = [:]
            for key in keys {
                let passages = try Self.passages(ofDocument: key, through: .max, database)
                if !passages.isEmpty { found[key] = passages }
            }
            return found
        }
    }

    /// A document's passages in order, up to the one with this ordinal.
    package func passages(
        ofDocument key: Int64, through ordinal: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try read { try Self.passages(ofDocument: key, through: ordinal, $0) }
    }

    private static func passages(
        ofDocument key: Int64, through ordinal: Int, _ database: Database
    ) throws -> [PassageRecord] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT \(passageColumns)
                    WHERE p.document = ? AND p.ordinal <= ? ORDER BY p.ordinal
                    """),
            arguments: [key, ordinal]
        ).map(PassageRecord.init)
    }

    /// The document of each passage, without text; deleted passages are left out.
    package func owners(ofPassages keys: [Int64]) throws(StoreError) -> [Int64: PassageOwner] {
        try read { database in
            // The order of the joins is fixed: a look-up by key for each, whatever the planner
            // estimates.
            let statement = try database.cachedStatement(
                sql: """
                    SELECT p.key, d.key, d.id FROM json_each(?) AS wanted
                    CROSS JOIN passage AS p ON p.key = wanted.value
                    CROSS JOIN document AS d ON d.key = p.document
                    """)
            let list = "[" + keys.map(String.init).joined(separator: ",") + "]"
            var owners: [Int64: PassageOwner] = [:]
            owners.reserveCapacity(keys.count)
            let rows = try Row.fetchCursor(statement, arguments: [list])
            while let row = try rows.next() {
                owners[row[0]] = PassageOwner(documentKey: row[1], documentID: row[2])
            }
            return owners
        }
    }

    /// At most `limit` passages in key order, from the one after `key`; for re-encoding.
    package func passages(
        after key: Int64 = 0, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT \(Self.passageColumns)
                        WHERE p.key > ? AND d.collection = ? ORDER BY p.key LIMIT ?
                        """), arguments: [key, collection.id, limit]
            ).map(PassageRecord.init)
        }
    }
}

extension PassageRecord {
    init(row: Row) throws {
        let key: Int64 = row[0]
        // Check this first: a damaged row may hold anything in any column.
        guard row[10], row[11] else {
            let owner = row[10] ? "the document of passage" : "passage"
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(owner) \(key)")
        }
        let text: String
        do throws(FileError) {
            text = try StoredText.decode(row[9], length: row[8])
        } catch {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the text of passage \(key)")
        }
        self.init(
            key: key, documentKey: row[1], documentID: row[2], title: row[3], metadata: row[4],
            ordinal: row[5], start: row[6], tokens: row[7], text: text)
    }
}
