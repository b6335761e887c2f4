import FileFormat
import Foundation
import GRDB
import TextBytes

extension DocumentStore {
    /// Stores a batch in one transaction: all of it, durably, or nothing.
    ///
    /// A document whose id exists is replaced, skipped or refused according to `onConflict`; with
    /// `.replace` it is left alone if the content hash is the same (`unchanged`). A replaced
    /// document gets new passage keys, apart from passages that the write keeps; such a document is
    /// written whatever the policy. An id that occurs twice in the batch conflicts with itself.
    ///
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded
    ///   since `collection` was read; `duplicateID` under `.error`; `vectorLength`,
    ///   `vectorNotFinite`, `invalidName`, `invalidMetadata`, `tooLarge` for a document that cannot
    ///   be stored; `locked`, `diskFull`, `readOnly`.
    package func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy = .replace
    ) throws(StoreError) -> BatchOutcome {
        for document in batch { try document.validate(for: collection) }
        return try write { database in
            let current = try CollectionRecord.require(collection, in: database)
            try current.verify(
                fingerprint: collection.model.fingerprint, dimensions: collection.dimensions)
            var writer = try BatchWriter(database, collection: current)
            var outcome = BatchOutcome()
            outcome.documents.reserveCapacity(batch.count)
            for document in batch {
                outcome.documents.append(try writer.store(document, onConflict: policy))
            }
            outcome.position = try writer.finish()
            return outcome
        }
    }

    /// The signatures of the documents that exist, so that unchanged ones need no encoding.
    package func signatures(ofIDs ids: [String], in collection: CollectionRecord)
        throws(StoreError) -> [Identifier: DocumentSignature]
    {
        try read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT d.content_hash, s.path,
                        \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
                    FROM document AS d LEFT JOIN source AS s ON s.id = d.source
                    WHERE d.collection = ? AND d.id = ?
                    """)
            var signatures: [Identifier: DocumentSignature] = [:]
            for id in ids where !id.hasNUL {
                let row = try Row.fetchOne(statement, arguments: [collection.id, id])
                guard let row else { continue }
                // A damaged row exists, but its hash matches no content.
                let hash = row[2] ? row[0] : Data()
                signatures[Identifier(id)] = DocumentSignature(
                    contentHash: ContentHash(data: hash), source: row[1])
            }
            return signatures
        }
    }
}

extension BatchWriter {
    mutating func store(_ document: DocumentWrite, onConflict policy: ConflictPolicy) throws
        -> BatchOutcome.Document
    {
        guard let existing = try existing(id: document.id) else {
            try insert(document)
            guard let key = document.replacedKey, try has(documentKey: key) else {
                return .inserted
            }
            try delete(documentKey: key)
            return .moved
        }
        if document.kept != .none {
            try update(documentKey: existing.key, to: document)
            return .replaced
        }
        switch policy {
        case .skip:
            return .skipped
        case .error:
            throw StoreError.duplicateID(id: document.id, collection: collection.name)
        case .replace:
            if let hash = existing.contentHash, ContentHash(data: hash) == document.contentHash {
                return .unchanged
            }
            try delete(documentKey: existing.key)
            try insert(document)
            return .replaced
        }
    }
}

extension ContentHash {
    /// Sixteen bytes, big-endian.
    init(data: Data) {
        func word(_ bytes: Data) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: word(data.prefix(8)), low: word(data.dropFirst(8).prefix(8)))
    }
}
