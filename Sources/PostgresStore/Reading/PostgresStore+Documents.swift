import FileFormat
import Storage

extension PostgresStore {
    private static let documentColumns =
        "d.key, d.id, d.title, d.metadata, d.source, d.source_position, d.content_hash"

    package func document(
        id: String, in collection: CollectionRecord
    ) throws(StoreError) -> DocumentRecord? {
        if id.hasNUL { return nil }
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let table = layout.part(layout.place(of: id), of: layout.documents)
            return try connection.run(
                "SELECT \(Self.documentColumns) FROM \(table) AS d WHERE d.place = $1 AND d.id = $2",
                [.integer(Int64(layout.place(of: id))), .text(id)]
            ).rows.map { try DocumentRecord(row: $0) }.first
        }
    }

    /// A page of at most `limit` documents in the byte order of ids, from the one after `id`; `nil` for
    /// the first.
    package func documents(
        after id: String?, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [DocumentRecord] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            // By place, so that each part's index is walked in order; the parent has none.
            let parts = (0..<layout.places).map { place in
                """
                (SELECT \(Self.documentColumns) FROM \(layout.part(place, of: layout.documents)) AS d
                    WHERE d.place = \(place) AND ($1::text IS NULL OR d.id > $1::text COLLATE "C")
                    ORDER BY d.id LIMIT $2)
                """
            }
            return try connection.run(
                "SELECT * FROM (\(parts.joined(separator: " UNION ALL "))) AS d ORDER BY id LIMIT $2",
                [id.map { .text($0) } ?? .null, .integer(Int64(limit))]
            ).rows.map { try DocumentRecord(row: $0) }
        }
    }

    /// The document's whole text, joined from its passages.
    package func text(
        ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> String {
        let passages = try passages(ofDocument: key, in: collection)
        guard passages.count > 1 else { return passages.first?.text ?? "" }
        var joined = JoinedPassages()
        for passage in passages { joined.append(passage) }
        return String(decoding: joined.bytes, as: UTF8.self)
    }

    /// The metadata, as JSON, of documents by their keys; those that are deleted are left out.
    package func metadata(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: String] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            let rows = try connection.run(
                """
                SELECT key, metadata FROM \(layout.documents)
                WHERE \(layout.anyPlace) AND key = ANY($1) AND metadata <> '{}'
                """, [.integers(keys)]
            ).rows
            var found: [Int64: String] = [:]
            for row in rows { found[try row.integer(0)] = try row.json(1) }
            return found
        }
    }
}

extension DocumentRecord {
    fileprivate init(row: PostgresResult.Row) throws {
        let metadata = try row.json(3)
        self.init(
            key: try row.integer(0), id: try row.text(1), title: try row.text(2),
            metadata: metadata == "{}" ? nil : metadata, source: try row.optionalText(4),
            sourcePosition: row.isNull(5) ? nil : try row.integer(5),
            contentHash: ContentHash(bytes: try row.bytes(6)))
    }
}
