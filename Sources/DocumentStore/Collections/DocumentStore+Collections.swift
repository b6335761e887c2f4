import GRDB
import Ranking
import Schema

extension DocumentStore {
    package func collections() throws(StoreError) -> [CollectionRecord] {
        try read { database in
            try CollectionRecord.all(in: database)
        }
    }

    package func collection(named name: String) throws(StoreError) -> CollectionRecord? {
        try read { database in
            try CollectionRecord.find(name, in: database)
        }
    }

    /// - Throws: `collectionMissing`.
    package func requireCollection(named name: String) throws(StoreError) -> CollectionRecord {
        guard let record = try collection(named: name) else {
            throw .collectionMissing(name: name)
        }
        return record
    }

    /// - Throws: `collectionExists`.
    package func createCollection(
        named name: String, metric: Metric = .innerProduct, dimensions: Int,
        elementType: VectorElement = .float32, model: CollectionRecord.ModelRecord,
        index: Ranking.IndexOptions = .init(), searchSettings: String? = nil
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            if try CollectionRecord.find(name, in: database) != nil {
                throw StoreError.collectionExists(name: name)
            }
            try database.execute(
                sql: """
                    INSERT INTO collection (name, metric, dimensions, vector_type, model_name,
                        model_fingerprint, model_path, model_settings, m, ef_construction,
                        quantization, search_settings, changes_pruned_token)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, random())
                    """,
                arguments: [
                    name, metric.rawValue, dimensions, elementType.rawValue, model.name,
                    model.fingerprint, model.path, model.settings, index.m, index.efConstruction,
                    index.quantization.rawValue, searchSettings,
                ])
            let id = database.lastInsertedRowID
            try database.execute(sql: Schema.collectionTables(id: id))
            return try CollectionRecord.require(id: id, name: name, in: database)
        }
    }

    /// Deletes a collection and its content.
    package func dropCollection(_ collection: CollectionRecord) throws(StoreError) {
        try write { database in
            let record = try CollectionRecord.require(collection, in: database)
            try database.execute(
                sql: """
                    DELETE FROM field_value
                        WHERE field IN (SELECT id FROM indexed_field WHERE collection = :id);
                    DELETE FROM indexed_field WHERE collection = :id;
                    DELETE FROM passage WHERE document IN
                        (SELECT key FROM document WHERE collection = :id);
                    DELETE FROM document WHERE collection = :id;
                    DELETE FROM change WHERE collection = :id;
                    DELETE FROM collection WHERE id = :id;
                    DROP TABLE vector_\(record.id);
                    DROP TABLE IF EXISTS staged_vector_\(record.id);
                    """, arguments: ["id": record.id])
        }
    }

    /// Records the model's path and settings. The fingerprint is not changed; `commitStaging` does
    /// that.
    package func updateModel(
        path: String?, settings: String, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            let record = try CollectionRecord.require(collection, in: database)
            try database.execute(
                sql: "UPDATE collection SET model_path = ?, model_settings = ? WHERE id = ?",
                arguments: [path, settings, record.id])
            return try CollectionRecord.require(record, in: database)
        }
    }

    /// Records how the collection is searched: a JSON object that the store does not interpret, or
    /// nil for the program's own way.
    package func updateSearchSettings(
        _ settings: String?, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            let record = try CollectionRecord.require(collection, in: database)
            try database.execute(
                sql: "UPDATE collection SET search_settings = ? WHERE id = ?",
                arguments: [settings, record.id])
            return try CollectionRecord.require(record, in: database)
        }
    }

    package func updateIndex(
        _ index: Ranking.IndexOptions, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        try write { database in
            let record = try CollectionRecord.require(collection, in: database)
            try database.execute(
                sql: """
                    UPDATE collection SET m = ?, ef_construction = ?, quantization = ?
                    WHERE id = ?
                    """,
                arguments: [
                    index.m, index.efConstruction, index.quantization.rawValue, record.id,
                ])
            return try CollectionRecord.require(record, in: database)
        }
    }
}

extension CollectionRecord {
    /// Columns are named, since a damaged schema may have others.
    private static func selection(in database: Database) throws -> String {
        """
        SELECT id, name, metric, dimensions, vector_type, model_name, model_fingerprint, model_path,
            model_settings, m, ef_construction, quantization, document_count, passage_count,
            \(try hasSearchSettings(in: database) ? "search_settings" : "NULL AS search_settings")
        FROM collection
        """
    }

    /// Whether the database's format has search settings: one of format 3 or 4 that cannot be
    /// written to has none.
    static func hasSearchSettings(in database: Database) throws -> Bool {
        try database.columns(in: "collection").contains { $0.name == "search_settings" }
    }

    init(row: Row) throws {
        guard let metric = Metric(rawValue: row["metric"]),
            let elementType = VectorElement(rawValue: row["vector_type"]),
            let quantization = VectorQuantization(rawValue: row["quantization"])
        else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "a collection of an unknown kind")
        }
        self.init(
            id: row["id"], name: row["name"], metric: metric, dimensions: row["dimensions"],
            elementType: elementType,
            model: ModelRecord(
                name: row["model_name"], fingerprint: row["model_fingerprint"],
                path: row["model_path"], settings: row["model_settings"]),
            index: Ranking.IndexOptions(
                m: row["m"], efConstruction: row["ef_construction"], quantization: quantization),
            documentCount: row["document_count"], passageCount: row["passage_count"],
            searchSettings: row["search_settings"])
    }

    /// All collections, ordered by name.
    static func all(in database: Database) throws -> [CollectionRecord] {
        try Seal.verify(.collection, in: database)
        return try Row.fetchAll(database, sql: "\(selection(in: database)) ORDER BY name")
            .map(CollectionRecord.init)
    }

    static func find(_ name: String, in database: Database) throws -> CollectionRecord? {
        try Seal.verify(.collection, in: database)
        return try Row.fetchOne(
            database.cachedStatement(sql: "\(selection(in: database)) WHERE name = ?"),
            arguments: [name]
        ).map(CollectionRecord.init)
    }

    static func require(id: Int64, name: String, in database: Database) throws -> CollectionRecord {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "\(selection(in: database)) WHERE id = ?"),
            arguments: [id])
        guard let row else { throw StoreError.collectionMissing(name: name) }
        return try CollectionRecord(row: row)
    }

    /// The collection's current record, in a read transaction; verifies the seal.
    static func read(_ record: CollectionRecord, in database: Database) throws -> CollectionRecord {
        try Seal.verify(.collection, in: database)
        return try require(record, in: database)
    }

    /// The collection's current record: another process may have re-encoded it since `record` was
    /// read. For write transactions, which verify seals when they begin.
    static func require(_ record: CollectionRecord, in database: Database) throws
        -> CollectionRecord
    {
        try require(id: record.id, name: record.name, in: database)
    }
}
