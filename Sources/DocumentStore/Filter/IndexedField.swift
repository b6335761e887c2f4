import GRDB
import TextBytes

/// A metadata field whose values are kept in `field_value`, so that filters on it need no scan.
struct IndexedField {
    let id: Int64
    let name: String

    static func all(of collection: Int64, in database: Database) throws -> [IndexedField] {
        try Seal.verify(.indexedField, in: database)
        return try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT id, name FROM indexed_field WHERE collection = ? ORDER BY id"),
            arguments: [collection]
        ).map { IndexedField(id: $0[0], name: $0[1]) }
    }

    /// Adds the values of one document.
    func insertValues(ofDocument key: Int64, in database: Database) throws {
        try database.cachedStatement(sql: Self.insertion(where: "d.key = :key"))
            .execute(arguments: ["field": id, "name": name, "key": key])
    }

    /// Adds the values of every document.
    func insertValues(ofCollection collection: Int64, in database: Database) throws {
        try database.execute(
            sql: Self.insertion(where: "d.collection = :collection"),
            arguments: ["field": id, "name": name, "collection": collection])
    }

    /// The keys of documents whose indexed values differ from their metadata.
    func documentsWithWrongValues(of collection: Int64, in database: Database) throws -> [Int64] {
        let stored = "SELECT field, value, document FROM field_value WHERE field = :field"
        let right = "SELECT * FROM (\(Self.values(where: "d.collection = :collection")))"
        return try Int64.fetchAll(
            database,
            sql: """
                SELECT document FROM (SELECT * FROM (\(right) EXCEPT \(stored))
                    UNION ALL SELECT * FROM (\(stored) EXCEPT \(right)))
                GROUP BY document ORDER BY document
                """, arguments: ["field": id, "name": name, "collection": collection])
    }

    private static func insertion(where condition: String) -> String {
        "INSERT OR IGNORE INTO field_value (field, value, document) " + values(where: condition)
    }

    private static func values(where condition: String) -> String {
        """
        SELECT :field AS field, m.value AS value, d.key AS document FROM document AS d, json_each(d.metadata) AS m
            WHERE \(condition) AND m.key = :name AND \(PredicateSQL.isScalar("m"))
        UNION ALL
        SELECT :field, e.value, d.key
            FROM document AS d, json_each(d.metadata) AS m, json_each(m.value) AS e
            WHERE \(condition) AND m.key = :name AND m.type = 'array'
            AND \(PredicateSQL.isScalar("e"))
        """
    }
}

extension DocumentStore {
    /// The indexed fields' names, sorted.
    package func indexedFields(of collection: CollectionRecord) throws(StoreError) -> [String] {
        try read { database in
            try IndexedField.all(of: collection.id, in: database).map(\.name).sorted()
        }
    }

    /// Indexes a metadata field, which makes filters on it fast. Does nothing if it is indexed
    /// already.
    package func indexField(_ name: String, in collection: CollectionRecord) throws(StoreError) {
        try write { database in
            let current = try CollectionRecord.require(collection, in: database)
            let fields = try IndexedField.all(of: current.id, in: database)
            guard !fields.contains(where: { $0.name.hasSameBytes(as: name) }) else { return }
            try database.execute(
                sql: "INSERT INTO indexed_field (collection, name) VALUES (?, ?)",
                arguments: [current.id, name])
            try IndexedField(id: database.lastInsertedRowID, name: name)
                .insertValues(ofCollection: current.id, in: database)
        }
    }

    /// - Returns: whether the field was indexed.
    @discardableResult
    package func dropIndexField(_ name: String, in collection: CollectionRecord)
        throws(StoreError) -> Bool
    {
        try write { database in
            let fields = try IndexedField.all(of: collection.id, in: database)
            guard let field = fields.first(where: { $0.name.hasSameBytes(as: name) }) else {
                return false
            }
            try database.execute(
                sql: """
                    DELETE FROM field_value WHERE field = :id;
                    DELETE FROM indexed_field WHERE id = :id;
                    """, arguments: ["id": field.id])
            return true
        }
    }
}
