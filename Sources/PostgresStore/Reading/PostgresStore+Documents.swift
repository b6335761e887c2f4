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
            let parts = layout.placeNumbers.map { place in
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

    /// Where a passage starts in the document's text, in bytes; `nil` if there is none.
    package func start(
        ofPassage ordinal: Int, ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> Int? {
        try read { connection in
            let layout = try layout(of: collection, connection)
            return try connection.run(
                """
                SELECT text_start FROM \(layout.passages)
                WHERE \(layout.anyPlace) AND document = $1 AND ordinal = $2
                """, [.integer(key), .integer(Int64(ordinal))]
            ).rows.map { Int(try $0.integer(0)) }.first
        }
    }

    /// The metadata of some documents from all over the collection; `nil` for one without any. The time
    /// does not grow with the collection.
    package func sampleOfMetadata(
        in collection: CollectionRecord
    ) throws(StoreError) -> [String?] {
        // Keys only grow, so equal steps reach old and new documents.
        let steps = 64
        return try read { connection in
            let layout = try layout(of: collection, connection)
            var sample: [Int64: String] = [:]
            let ofEach = max(1, steps / layout.places)
            for step in 0..<steps {
                let place = layout.placeNumbers[step % layout.places]
                let table = layout.part(place, of: layout.documents)
                let rows = try connection.run(
                    """
                    SELECT key, metadata FROM \(table) WHERE place = \(place) AND key >= (
                        SELECT min(key) + floor((max(key) - min(key)) * $1)::int8 FROM \(table)
                        WHERE place = \(place))
                    ORDER BY key LIMIT 8
                    """, [.real(Double(step / layout.places) / Double(ofEach))]
                ).rows
                for row in rows { sample[try row.integer(0)] = try row.json(1) }
            }
            return sample.sorted { $0.key < $1.key }.map { $0.value == "{}" ? nil : $0.value }
        }
    }

    /// Calls `body` with the metadata of every document, as JSON; without any, `nil`.
    package func forEachMetadata(
        in collection: CollectionRecord, _ body: (String?) throws -> Void
    ) throws(StoreError) {
        let pageSize = 10_000
        var last: Int64 = 0
        while true {
            let page = try read { connection in
                let layout = try layout(of: collection, connection)
                return try connection.run(
                    """
                    SELECT key, metadata FROM \(layout.documents)
                    WHERE \(layout.anyPlace) AND key > $1 ORDER BY key LIMIT $2
                    """, [.integer(last), .integer(Int64(pageSize))]
                ).rows.map { (key: try $0.integer(0), json: try $0.json(1)) }
            }
            guard let end = page.last else { return }
            last = end.key
            do { for row in page { try body(row.json == "{}" ? nil : row.json) } } catch {
                throw StoreError(error, at: location, waited: .zero)
            }
        }
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
