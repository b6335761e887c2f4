import Storage

extension PostgresStore {
    /// The first passages of all documents, in key order.
    package func leadingPassages(
        in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        try leadingPassages(in: collection, where: "true", [])
    }

    /// The first passages of the documents with these ids, in key order.
    package func leadingPassages(
        ofIDs ids: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        try leadingPassages(
            in: collection, where: "d.id = ANY($1)", [.texts(ids.filter { !$0.hasNUL })])
    }

    /// The first passages of documents from all over a collection, each once, in key order. The time does
    /// not grow with the collection.
    ///
    /// - Parameter places: in 0 ..< 1, shares of the way from the oldest passage to the newest.
    package func leadingPassages(
        at places: [Double], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        guard collection.dimensions > 0 else { return [] }
        let documents = try read { connection in
            let layout = try layout(of: collection, connection)
            var keys: Set<Int64> = []
            // Of each part its share, by the part's own keys.
            for (index, share) in places.enumerated() {
                let place = layout.placeNumbers[index % layout.places]
                let table = layout.part(place, of: layout.passages)
                let found = try connection.run(
                    """
                    SELECT document FROM \(table) WHERE place = \(place) AND key >= (
                        SELECT min(key) + floor((max(key) - min(key)) * $1)::int8 FROM \(table)
                        WHERE place = \(place))
                    ORDER BY key LIMIT 1
                    """, [.real(share)])
                if found.count > 0 { keys.insert(try found[0].integer(0)) }
            }
            return keys
        }
        return try leadingPassages(
            in: collection, where: "d.key = ANY($1)", [.integers(documents.sorted())])
    }

    private func leadingPassages(
        in collection: CollectionRecord, where condition: String, _ values: [PostgresValue]
    ) throws(StoreError) -> [LeadingPassage] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            return try connection.run(
                """
                SELECT p.key, d.key, d.id, d.title FROM \(layout.documents) AS d
                JOIN \(layout.passages) AS p
                    ON p.place = d.place AND p.document = d.key AND p.ordinal = 0
                WHERE d.\(layout.anyPlace) AND \(condition) ORDER BY p.key
                """, values
            ).rows.map { row in
                LeadingPassage(
                    key: try row.integer(0), documentKey: try row.integer(1),
                    documentID: try row.text(2), title: try row.text(3))
            }
        }
    }
}
