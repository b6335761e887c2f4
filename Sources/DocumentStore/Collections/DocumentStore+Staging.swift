import Foundation
import GRDB
import JSON

/// Re-encodes a collection with another model, while queries use the old vectors.
///
///     beginStaging ── stageVectors … (any number of processes and restarts) ── commitStaging
///                                                                     \── discardStaging
///
/// New vectors are collected in a second table. The commit replaces the old vectors and the model's
/// identity in one transaction.
extension DocumentStore {
    /// The unfinished re-encoding, if any.
    package func staging(of collection: CollectionRecord) throws(StoreError) -> StagedModel? {
        try read { database in try Self.staging(of: collection.id, in: database) }
    }

    /// Begins a re-encoding, or continues an unfinished one by the same model, whose path and
    /// settings are updated.
    /// - Throws: `alreadyStaged` if another model's is unfinished.
    package func beginStaging(_ staging: StagedModel, in collection: CollectionRecord)
        throws(StoreError)
    {
        try write { database in
            let present = try Self.staging(of: collection.id, in: database)
            if let present,
                present.model.fingerprint != staging.model.fingerprint
                    || present.dimensions != staging.dimensions
            {
                throw StoreError.alreadyStaged(
                    collection: collection.name, fingerprint: present.model.fingerprint)
            }
            let json = try JSONValue(encoding: staging).jsonText
            try database.execute(
                sql: "UPDATE collection SET staged_model = ? WHERE id = ?",
                arguments: [json, collection.id])
            if present != nil { return }
            try database.execute(
                sql: """
                    CREATE TABLE staged_vector_\(collection.id) (
                        passage  INTEGER PRIMARY KEY,
                        value    BLOB NOT NULL,
                        checksum INTEGER
                    ) STRICT
                    """)
        }
    }

    /// The last passage that has its new vector; 0 before the first. Continue with
    /// `passages(after:)`.
    package func stagedThrough(in collection: CollectionRecord) throws(StoreError) -> Int64 {
        try read { database in
            try Self.requireStaging(of: collection, in: database)
            return try Int64.fetchOne(
                database, sql: "SELECT max(passage) FROM staged_vector_\(collection.id)") ?? 0
        }
    }

    /// Stores new vectors in one transaction.
    package func stageVectors(
        _ vectors: [(passage: Int64, vector: [Float])], in collection: CollectionRecord
    ) throws(StoreError) {
        try write { database in
            let staging = try Self.requireStaging(of: collection, in: database)
            let statement = try database.cachedStatement(
                sql: StoredVector.insertion(into: "staged_vector_\(collection.id)"))
            for (passage, vector) in vectors {
                let name = "passage \(passage)"
                guard vector.count == staging.dimensions else {
                    throw StoreError.vectorLength(
                        document: name, passage: 0, expected: staging.dimensions,
                        found: vector.count)
                }
                guard collection.elementType.isFinite(vector) else {
                    throw StoreError.vectorNotFinite(document: name, passage: 0)
                }
                try statement.execute(arguments: [
                    passage, StoredVector.encode(vector, as: collection.elementType),
                ])
            }
        }
    }

    /// Replaces the old vectors and model by the new ones.
    /// - Throws: `stagingIncomplete` if passages were added that have no new vector; stage those
    ///   after `stagedThrough` and commit again.
    package func commitStaging(in collection: CollectionRecord) throws(StoreError)
        -> CollectionRecord
    {
        try write { database in
            let staging = try Self.requireStaging(of: collection, in: database)
            let id = collection.id
            let current = try CollectionRecord.require(collection, in: database)
            // Drop the new vectors of passages deleted meanwhile.
            try database.execute(
                sql: """
                    DELETE FROM staged_vector_\(id)
                    WHERE passage NOT IN (SELECT key FROM passage)
                    """)
            let staged =
                try Int.fetchOne(database, sql: "SELECT count(*) FROM staged_vector_\(id)") ?? 0
            guard staged == current.passageCount else {
                throw StoreError.stagingIncomplete(
                    collection: collection.name, missing: current.passageCount - staged)
            }
            try database.execute(
                sql: """
                    DROP TABLE vector_\(id);
                    ALTER TABLE staged_vector_\(id) RENAME TO vector_\(id);
                    UPDATE collection SET staged_model = NULL, dimensions = :dimensions,
                        model_name = :name, model_fingerprint = :fingerprint,
                        model_path = :path, model_settings = :settings WHERE id = :id;
                    """,
                arguments: [
                    "dimensions": staging.dimensions, "name": staging.model.name,
                    "fingerprint": staging.model.fingerprint, "path": staging.model.path,
                    "settings": staging.model.settings, "id": id,
                ])
            let last =
                try Int64.fetchOne(
                    database, sql: "SELECT value FROM counter WHERE name = 'passage'") ?? 1
            try ChangeLog.append(.replacedAll, 0...last - 1, collection: id, to: database)
            return try CollectionRecord.require(current, in: database)
        }
    }

    /// Discards the new vectors, if there are any.
    package func discardStaging(in collection: CollectionRecord) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    UPDATE collection SET staged_model = NULL WHERE id = \(collection.id);
                    DROP TABLE IF EXISTS staged_vector_\(collection.id);
                    """)
        }
    }

    private static func staging(of collection: Int64, in database: Database) throws -> StagedModel?
    {
        let json = try String.fetchOne(
            database, sql: "SELECT staged_model FROM collection WHERE id = ?",
            arguments: [collection])
        return try json.map { try JSONValue(parsing: $0).decoded(as: StagedModel.self) }
    }

    @discardableResult
    private static func requireStaging(of collection: CollectionRecord, in database: Database)
        throws -> StagedModel
    {
        guard let staging = try staging(of: collection.id, in: database) else {
            throw StoreError.nothingStaged(collection: collection.name)
        }
        return staging
    }
}
