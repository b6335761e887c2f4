import JSON
import Storage
import TextBytes

/// Metadata fields with indexes of their own, for comparisons that the index over all metadata does not
/// answer.
///
/// A field is one of them, which filters rely on, when all its indexes are built; it stops to be one before
/// the first is dropped.
extension PostgresStore {
    /// The indexed fields' names, sorted.
    package func indexedFields(of collection: CollectionRecord) throws(StoreError) -> [String] {
        try read { connection in try indexedFields(ofCollection: collection.id, connection) }
    }

    private func indexedFields(
        ofCollection id: Int64, _ connection: PostgresConnection
    ) throws -> [String] {
        let found = try connection.run("SELECT \(fields(ofCollection: "$1"))", [.integer(id)])
        return try Self.fields(found[0].text(0))
    }

    /// The fields as a JSON array of text, as SQL.
    func fields(ofCollection id: String) -> String {
        let prefix = "'\(Self.property)' || \(id) || ' '"
        return """
            (SELECT coalesce(jsonb_agg(substr(name, length(\(prefix)) + 1) ORDER BY name), '[]')::text
            FROM \(schema.name).property WHERE starts_with(name, \(prefix)))
            """
    }

    static func fields(_ json: String) throws -> [String] {
        try JSONValue(parsing: json).arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// What the names of properties begin with that name indexed fields: before the collection's id.
    private static let property = "field "

    private static func property(_ field: String, ofCollection id: Int64) -> PostgresValue {
        .text("\(property)\(id) \(field)")
    }

    /// Indexes a metadata field, while others write. Does nothing if it is indexed already.
    ///
    /// - Throws: `unavailable` if the collection has places on other servers, which could not be asked by it, or
    ///   the server is a relative of PostgreSQL.
    package func indexField(
        _ name: String, in collection: CollectionRecord
    ) throws(StoreError) {
        guard mode != .readOnly else { throw .readOnly(path: location.description) }
        let layout = try layout(of: collection)
        let far = farServers.withLock { $0 }
        let reason: String? =
            if name.hasNUL {
                "PostgreSQL has no fields with a NUL character in their names"
            } else if layout.flavour != .postgres {
                "only in PostgreSQL itself a single field can be indexed"
            } else if layout.placeNumbers.contains(where: { far[$0] != nil }) {
                "a collection with places on other servers has no indexes of single fields"
            } else {
                nil
            }
        if let reason { throw .unavailable(path: location.description, reason: reason) }
        if try indexedFields(of: collection).contains(where: { $0.hasSameBytes(as: name) }) {
            return
        }
        let index = FieldIndex(field: name)
        for place in layout.placeNumbers {
            _ = try read { connection in
                // Whatever an interrupted call has left.
                try drop(index, place, layout, connection)
                let statements = index.statements(place, of: layout, schema, concurrently: true)
                for statement in statements { try connection.run(statement) }
                // The planner knows the values' distribution only from this.
                try connection.run("ANALYZE \(layout.part(place, of: layout.documents))")
            }
        }
        try write { connection in
            _ = try lock(collection, connection, .shared)
            try add(name, toCollection: collection.id, connection)
        }
    }

    private func add(
        _ field: String, toCollection id: Int64, _ connection: PostgresConnection
    ) throws {
        try connection.run(
            """
            INSERT INTO \(schema.name).property (name, value) VALUES ($1, '')
            ON CONFLICT (name) DO NOTHING
            """, [Self.property(field, ofCollection: id)])
        indexed.withLock { $0[id] = nil }
    }

    /// - Returns: whether the field was indexed.
    package func dropIndexField(
        _ name: String, in collection: CollectionRecord
    ) throws(StoreError) -> Bool {
        if name.hasNUL { return false }
        let layout = try layout(of: collection)
        let removed = try writeOnce { (connection, unanswered: Int?) in
            let count = try connection.run(
                "DELETE FROM \(schema.name).property WHERE name = $1",
                [Self.property(name, ofCollection: collection.id)]
            ).changedRows
            return max(count, unanswered ?? 0)
        }
        indexed.withLock { $0[collection.id] = nil }
        for place in layout.placeNumbers {
            try read { connection in
                try drop(FieldIndex(field: name), place, layout, connection)
            }
        }
        return removed > 0
    }

    private func drop(
        _ index: FieldIndex, _ place: Int, _ layout: CollectionLayout,
        _ connection: PostgresConnection
    ) throws {
        for name in index.names(place, of: layout) {
            try connection.run("DROP INDEX CONCURRENTLY IF EXISTS \(layout.schema).\(name)")
        }
    }

    /// Indexes the fields of another collection, in the transaction that copies it.
    func copyFields(
        of collection: CollectionRecord, to copy: CollectionLayout, _ connection: PostgresConnection
    ) throws {
        let fields = try indexedFields(ofCollection: collection.id, connection)
        if fields.isEmpty { return }
        for place in copy.placeNumbers {
            for field in fields {
                let statements = FieldIndex(field: field).statements(
                    place, of: copy, schema, concurrently: false)
                for statement in statements { try connection.run(statement) }
            }
            try connection.run("ANALYZE \(copy.part(place, of: copy.documents))")
        }
        for field in fields { try add(field, toCollection: copy.id, connection) }
    }

    /// The indexes themselves go with the tables.
    func forgetFields(ofCollection id: Int64, _ connection: PostgresConnection) throws {
        try connection.run(
            "DELETE FROM \(schema.name).property WHERE starts_with(name, $1)",
            [.text("\(Self.property)\(id) ")])
        indexed.withLock { $0[id] = nil }
    }

    /// The indexed fields as far as this process knows, which reads them with the collection.
    func knownFields(
        of layout: CollectionLayout, _ connection: PostgresConnection
    ) throws -> Set<Identifier> {
        if let known = indexed.withLock({ $0[layout.id] }) { return known }
        let fields = try indexedFields(ofCollection: layout.id, connection)
        let known = Set(fields.map { Identifier($0) })
        indexed.withLock { $0[layout.id] = known }
        return known
    }
}
