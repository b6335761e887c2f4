import Foundation
import GRDB
import Schema

/// Other names for collections, and copies of them.
extension DocumentStore {
    /// Gives a collection another name. Its id, by which files that follow it know it, stays.
    ///
    /// - Throws: `collectionExists`, `collectionMissing`.
    package func renameCollection(
        _ collection: CollectionRecord, to name: String
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            let record = try CollectionRecord.require(collection, in: database)
            if try CollectionRecord.find(name, in: database) != nil {
                throw StoreError.collectionExists(name: name)
            }
            try database.execute(
                sql: "UPDATE collection SET name = ? WHERE id = ?", arguments: [name, record.id])
            return try CollectionRecord.require(id: record.id, name: name, in: database)
        }
    }

    /// Copies a collection with its documents, vectors, settings and indexed fields, in one
    /// transaction. An unfinished re-encoding is not copied.
    ///
    /// - Throws: `StoreError`: `collectionExists`, `collectionMissing`; `corrupt` for a damaged row,
    ///   which must not get a valid checksum. Also `CancellationError`.
    package func copyCollection(
        _ collection: CollectionRecord, to name: String
    ) throws -> CollectionRecord {
        do {
            return try copy(collection, to: name)
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    private func copy(
        _ collection: CollectionRecord, to name: String
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            let source = try CollectionRecord.require(collection, in: database)
            if try CollectionRecord.find(name, in: database) != nil {
                throw StoreError.collectionExists(name: name)
            }
            try database.execute(
                sql: """
                    INSERT INTO collection (name, metric, dimensions, vector_type, model_name,
                        model_fingerprint, model_path, model_settings, m, ef_construction,
                        quantization, document_count, passage_count, changes_pruned_token,
                        search_settings)
                    SELECT ?, metric, dimensions, vector_type, model_name, model_fingerprint,
                        model_path, model_settings, m, ef_construction, quantization,
                        document_count, passage_count, random(), search_settings
                    FROM collection WHERE id = ?
                    """, arguments: [name, source.id])
            let id = database.lastInsertedRowID
            try database.execute(sql: Schema.collectionTables(id: id))
            var copier = try CollectionCopier(database, from: source, to: id)
            try copier.copyDocuments()
            try copier.copyPassages()
            try copier.finish()
            for field in try IndexedField.all(of: source.id, in: database) {
                try database.execute(
                    sql: "INSERT INTO indexed_field (collection, name) VALUES (?, ?)",
                    arguments: [id, field.name])
                try IndexedField(id: database.lastInsertedRowID, name: field.name)
                    .insertValues(ofCollection: id, in: database)
            }
            return try CollectionRecord.require(id: id, name: name, in: database)
        }
    }
}

/// Copies the rows of a collection under new keys, page by page.
private struct CollectionCopier {
    private let database: Database
    private let source: CollectionRecord
    private let copy: Int64
    private let firstPassage: Int64
    private var nextDocument: Int64
    private var nextPassage: Int64
    /// The copies' keys, by those of the originals.
    private var documents: [Int64: Int64] = [:]

    private static let pageSize = 1000

    init(_ database: Database, from source: CollectionRecord, to copy: Int64) throws {
        self.database = database
        self.source = source
        self.copy = copy
        func counter(_ name: String) throws -> Int64 {
            let value = try Int64.fetchOne(
                database, sql: "SELECT value FROM counter WHERE name = ?", arguments: [name])
            guard let value else { throw Self.damage("no counter \(name)") }
            return value
        }
        nextDocument = try counter("document")
        nextPassage = try counter("passage")
        firstPassage = nextPassage
    }

    private static func damage(_ what: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: what)
    }

    mutating func copyDocuments() throws {
        let insertion = try database.cachedStatement(
            sql: """
                INSERT INTO document (\(RowChecksum.document), checksum)
                SELECT ?1, ?2, id, title, metadata, source, source_position, content_hash,
                    \(RowChecksum.name)(?1, ?2, id, title, metadata, source, source_position,
                        content_hash)
                FROM document WHERE key = ?3
                """)
        try forEachPage(
            """
            SELECT key, \(RowChecksum.isRight(RowChecksum.document)) FROM document
            WHERE collection = :collection AND key > :after ORDER BY key LIMIT :limit
            """
        ) { copier, row in
            let key: Int64 = row[0]
            guard row[1] else { throw Self.damage("the document with key \(key)") }
            try insertion.execute(arguments: [copier.nextDocument, copier.copy, key])
            copier.documents[key] = copier.nextDocument
            copier.nextDocument += 1
        }
    }

    mutating func copyPassages() throws {
        let insertion = try database.cachedStatement(
            sql: """
                INSERT INTO passage (\(RowChecksum.passage), checksum)
                SELECT ?1, ?2, ordinal, text_start, text_length, tokens, text,
                    \(RowChecksum.name)(?1, ?2, ordinal, text_start, text_length, tokens, text)
                FROM passage WHERE key = ?3
                """)
        try forEachPage(
            """
            SELECT p.key, p.document, \(RowChecksum.isRight(RowChecksum.passage, alias: "p."))
            FROM passage AS p CROSS JOIN document AS d ON d.key = p.document
            WHERE d.collection = :collection AND p.key > :after ORDER BY p.key LIMIT :limit
            """
        ) { copier, row in
            let key: Int64 = row[0]
            guard row[2], let document = copier.documents[row[1]] else {
                throw Self.damage("passage \(key)")
            }
            try insertion.execute(arguments: [copier.nextPassage, document, key])
            try copier.copyVector(of: key)
            copier.nextPassage += 1
        }
    }

    private func copyVector(of passage: Int64) throws {
        guard source.dimensions > 0 else { return }
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT value, \(RowChecksum.isRight(RowChecksum.vector))
                    FROM vector_\(source.id) WHERE passage = ?
                    """), arguments: [passage])
        guard let row, row[1] else { throw Self.damage("the vector of passage \(passage)") }
        try database.cachedStatement(sql: StoredVector.insertion(into: "vector_\(copy)"))
            .execute(arguments: [nextPassage, row[0] as Data])
    }

    /// Writes the counters and the change log.
    func finish() throws {
        guard documents.count == source.documentCount,
            nextPassage - firstPassage == Int64(source.passageCount)
        else { throw Self.damage("the number of documents or passages") }
        for (name, value) in [("document", nextDocument), ("passage", nextPassage)] {
            try database.execute(
                sql: "UPDATE counter SET value = ? WHERE name = ?", arguments: [value, name])
        }
        if nextPassage > firstPassage {
            try ChangeLog.append(
                .inserted, firstPassage...nextPassage - 1, collection: copy, to: database)
        }
    }

    /// Calls `body` for the rows of a query with the parameters `collection`, `after` (a key) and
    /// `limit`, in the order of the keys in their first column. The rows of a page are read before
    /// any is copied: the copies are in the same table.
    private mutating func forEachPage(
        _ sql: String, _ body: (inout CollectionCopier, Row) throws -> Void
    ) throws {
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let rows = try Row.fetchAll(
                database.cachedStatement(sql: sql),
                arguments: ["collection": source.id, "after": last, "limit": Self.pageSize])
            guard let end = rows.last else { return }
            last = end[0]
            for row in rows { try body(&self, row) }
        }
    }
}
