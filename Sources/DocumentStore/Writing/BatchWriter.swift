import FileFormat
import Foundation
import GRDB
import TextBytes

/// Executes the statements of one write transaction in one collection.
///
/// Rows are inserted in key order, so that SQLite appends. Keys are counted here, and the counters
/// are written once, by `finish()`.
struct BatchWriter {
    let database: Database
    let collection: CollectionRecord
    private(set) var nextDocument: Int64
    private(set) var nextPassage: Int64
    private let firstPassage: Int64
    private var deletedPassages: [Int64] = []
    private var documentDelta = 0
    private var fields: [IndexedField]
    private var sources: [Identifier: Int64] = [:]

    init(_ database: Database, collection: CollectionRecord) throws {
        self.database = database
        self.collection = collection
        nextDocument = try Self.counter("document", in: database)
        nextPassage = try Self.counter("passage", in: database)
        firstPassage = nextPassage
        fields = try IndexedField.all(of: collection.id, in: database)
    }

    private static func counter(_ name: String, in database: Database) throws -> Int64 {
        let value = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM counter WHERE name = ?"),
            arguments: [name])
        guard let value else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "no counter \(name)")
        }
        return value
    }

    // MARK: Documents

    struct Existing {
        let key: Int64
        /// `nil` if the row is damaged.
        let contentHash: Data?
    }

    func existing(id: String) throws -> Existing? {
        // SQLite would see only the part before the NUL, which may be another document's id.
        if id.hasNUL { return nil }
        return try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT key, content_hash, \(RowChecksum.isRight(RowChecksum.document))
                    FROM document WHERE collection = ? AND id = ?
                    """), arguments: [collection.id, id]
        ).map { row in Existing(key: row[0], contentHash: row[2] ? row[1] : nil) }
    }

    mutating func insert(_ document: DocumentWrite) throws {
        let key = nextDocument
        nextDocument += 1
        let source = try document.source.map { try sourceID(of: $0) }
        let metadata = try document.metadataAsStored()
        do {
            try database.cachedStatement(
                sql: """
                    INSERT INTO document
                        (\(RowChecksum.document), checksum)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
                        \(RowChecksum.name)(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))
                    """
            ).execute(arguments: [
                key, collection.id, document.id, document.title, metadata, source,
                document.sourcePosition, Data(document.contentHash.bytes),
            ])
        } catch let error as DatabaseError
            where error.extendedResultCode == .SQLITE_CONSTRAINT_CHECK
        {
            throw StoreError.invalidMetadata(document: document.id)
        }
        try insertPassages(of: document, documentKey: key)
        for field in fields {
            try field.insertValues(ofDocument: key, in: database)
        }
        documentDelta += 1
    }

    /// Changes a document in place: its row, and those of its passages that are not kept.
    mutating func update(documentKey key: Int64, to document: DocumentWrite) throws {
        let source = try document.source.map { try sourceID(of: $0) }
        try database.cachedStatement(
            sql: """
                UPDATE document SET title = ?, metadata = ?, source = ?, source_position = ?,
                    content_hash = ? WHERE key = ?
                """
        ).execute(arguments: [
            document.title, try document.metadataAsStored(), source, document.sourcePosition,
            Data(document.contentHash.bytes), key,
        ])
        try database.cachedStatement(
            sql: """
                UPDATE document SET checksum = \(RowChecksum.name)(\(RowChecksum.document))
                WHERE key = ?
                """
        ).execute(arguments: [key])
        try database.cachedStatement(sql: "DELETE FROM field_value WHERE document = ?")
            .execute(arguments: [key])
        for field in fields {
            try field.insertValues(ofDocument: key, in: database)
        }
        if case .only(let kept) = document.kept {
            for passage in try passageKeys(of: key) where !kept.contains(passage) {
                try delete(passage: passage)
                try database.cachedStatement(sql: "DELETE FROM passage WHERE key = ?")
                    .execute(arguments: [passage])
            }
        }
        try insertPassages(of: document, documentKey: key)
    }

    private mutating func insertPassages(of document: DocumentWrite, documentKey: Int64) throws {
        for (index, passage) in document.passages.enumerated() {
            try insert(
                passage, ordinal: passage.ordinal ?? index, of: document, documentKey: documentKey)
        }
    }

    private mutating func insert(
        _ passage: PassageWrite, ordinal: Int, of document: DocumentWrite, documentKey: Int64
    ) throws {
        let key = nextPassage
        nextPassage += 1
        let text = StoredText.encode(passage.text)
        try database.cachedStatement(
            sql: """
                INSERT INTO passage
                    (\(RowChecksum.passage), checksum)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, x''),
                    \(RowChecksum.name)(?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, x'')))
                """
        ).execute(arguments: [
            key, documentKey, ordinal, passage.start, text.length, passage.tokens, text.bytes,
        ])
        if collection.dimensions > 0 {
            try database.cachedStatement(
                sql: StoredVector.insertion(into: "vector_\(collection.id)")
            ).execute(arguments: [
                key, StoredVector.encode(passage.vector, as: collection.elementType),
            ])
        }
    }

    mutating func delete(documentKey: Int64) throws {
        for passage in try passageKeys(of: documentKey) { try delete(passage: passage) }
        try database.cachedStatement(sql: "DELETE FROM passage WHERE document = ?")
            .execute(arguments: [documentKey])
        try database.cachedStatement(sql: "DELETE FROM field_value WHERE document = ?")
            .execute(arguments: [documentKey])
        try database.cachedStatement(sql: "DELETE FROM document WHERE key = ?")
            .execute(arguments: [documentKey])
        documentDelta -= 1
    }

    private func passageKeys(of documentKey: Int64) throws -> [Int64] {
        try Int64.fetchAll(
            database.cachedStatement(
                sql: "SELECT key FROM passage WHERE document = ? ORDER BY key"),
            arguments: [documentKey])
    }

    /// Deletes a passage's vector, and logs the deletion; the caller deletes its row.
    private mutating func delete(passage key: Int64) throws {
        if collection.dimensions > 0 {
            try database.cachedStatement(
                sql: "DELETE FROM vector_\(collection.id) WHERE passage = ?"
            ).execute(arguments: [key])
        }
        deletedPassages.append(key)
    }

    /// Whether the collection has a document of this key.
    func has(documentKey key: Int64) throws -> Bool {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT key FROM document WHERE key = ? AND collection = ?"),
            arguments: [key, collection.id]) != nil
    }

    /// Records another source of a document; its content is not changed.
    mutating func move(documentID id: String, to source: String?, position: Int64?) throws {
        // A damaged row must not get a valid checksum.
        guard let existing = try existing(id: id) else { return }
        guard existing.contentHash != nil else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "document '\(id)'")
        }
        let source = try source.map { try sourceID(of: $0) }
        try database.cachedStatement(
            sql: """
                UPDATE document SET source = ?, source_position = ? WHERE collection = ? AND id = ?
                """
        ).execute(arguments: [source, position, collection.id, id])
        try database.cachedStatement(
            sql: """
                UPDATE document SET checksum = \(RowChecksum.name)(\(RowChecksum.document))
                WHERE collection = ? AND id = ?
                """
        ).execute(arguments: [collection.id, id])
    }

    private mutating func sourceID(of path: String) throws -> Int64 {
        if let id = sources[Identifier(path)] { return id }
        let known = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT id FROM source WHERE path = ?"),
            arguments: [path])
        let id = try known ?? insertSource(path)
        sources[Identifier(path)] = id
        return id
    }

    private func insertSource(_ path: String) throws -> Int64 {
        try database.cachedStatement(sql: "INSERT INTO source (path) VALUES (?)")
            .execute(arguments: [path])
        let id = database.lastInsertedRowID
        try database.cachedStatement(
            sql:
                "UPDATE source SET checksum = \(RowChecksum.name)(\(RowChecksum.source)) WHERE id = ?"
        ).execute(arguments: [id])
        return id
    }

    // MARK: End

    /// Writes counters and the change log.
    ///
    /// - Returns: the log position after this batch.
    func finish() throws -> Int64 {
        let inserted = nextPassage - firstPassage
        if inserted > 0 {
            try database.cachedStatement(sql: "UPDATE counter SET value = ? WHERE name = ?")
                .execute(arguments: [nextPassage, "passage"])
            try database.cachedStatement(sql: "UPDATE counter SET value = ? WHERE name = ?")
                .execute(arguments: [nextDocument, "document"])
            try ChangeLog.append(
                .inserted, firstPassage...nextPassage - 1, collection: collection.id, to: database)
        }
        for range in deletedPassages.sorted().consecutiveRanges() {
            try ChangeLog.append(.deleted, range, collection: collection.id, to: database)
        }
        if inserted > 0 || !deletedPassages.isEmpty || documentDelta != 0 {
            try database.cachedStatement(
                sql: """
                    UPDATE collection SET document_count = document_count + ?,
                        passage_count = passage_count + ? WHERE id = ?
                    """
            ).execute(arguments: [
                documentDelta, Int(inserted) - deletedPassages.count, collection.id,
            ])
        }
        return try ChangeLog.position(of: collection.id, in: database)
    }
}

extension [Int64] {
    /// Groups ascending keys into ranges of consecutive ones.
    func consecutiveRanges() -> [ClosedRange<Int64>] {
        var ranges: [ClosedRange<Int64>] = []
        for key in self {
            if let last = ranges.last, key == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...key
            } else {
                ranges.append(key...key)
            }
        }
        return ranges
    }
}
