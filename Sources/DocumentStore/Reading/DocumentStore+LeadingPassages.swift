import GRDB

extension DocumentStore {
    /// A document's first passage and its vector's row.
    private static let leadingColumns = """
        SELECT d.key, d.id, d.title, p.key, \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
        FROM document AS d CROSS JOIN passage AS p ON p.document = d.key AND p.ordinal = 0
        """

    /// The first passages of all documents, in key order.
    package func leadingPassages(
        in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        try leadingPassages("d.collection = ?", [[collection.id]])
    }

    /// The first passages of the documents with these ids, in key order.
    package func leadingPassages(
        ofIDs ids: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        try leadingPassages(
            "d.collection = ? AND d.id = ?",
            // SQLite would see only the part before the NUL, which may be another document's id.
            ids.filter { !$0.hasNUL }.map { [collection.id, $0] })
    }

    /// The first passages of documents from all over a collection, each once, in key order. The time does
    /// not grow with the collection.
    ///
    /// - Parameter places: in 0 ..< 1, shares of the way from the oldest passage to the newest.
    package func leadingPassages(
        at places: [Double], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage] {
        guard collection.dimensions > 0 else { return [] }
        let table = "vector_\(collection.id)"
        let bounds = try read { database -> (first: Int64, last: Int64)? in
            let row = try Row.fetchOne(
                database,
                sql:
                    "SELECT (SELECT min(passage) FROM \(table)), (SELECT max(passage) FROM \(table))"
            )
            guard let first = row?[0] as Int64?, let last = row?[1] as Int64? else { return nil }
            return (first, last)
        }
        guard let (first, last) = bounds else { return [] }
        return try leadingPassages(
            """
            d.key = (SELECT document FROM passage WHERE key =
                (SELECT passage FROM \(table) WHERE passage >= ? ORDER BY passage LIMIT 1))
            """, places.map { [first + Int64(Double(last - first) * $0)] })
    }

    private func leadingPassages(
        _ condition: String, _ arguments: [StatementArguments]
    ) throws(StoreError) -> [LeadingPassage] {
        try read { database in
            let statement = try database.cachedStatement(
                sql: "\(Self.leadingColumns) WHERE \(condition)")
            var found: [Int64: LeadingPassage] = [:]
            for values in arguments {
                let rows = try Row.fetchCursor(statement, arguments: values)
                while let row = try rows.next() {
                    let document: Int64 = row[0]
                    guard row[4] else {
                        throw DatabaseError(
                            resultCode: .SQLITE_CORRUPT,
                            message: "the document with key \(document)")
                    }
                    found[document] = LeadingPassage(
                        key: row[3], documentKey: document, documentID: row[1], title: row[2])
                }
            }
            return found.values.sorted { $0.key < $1.key }
        }
    }

    /// The metadata, as JSON, of documents by their keys; those that are deleted are left out.
    package func metadata(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: String] {
        try read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT d.metadata, \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
                    FROM document AS d WHERE d.key = ?
                    """)
            var found: [Int64: String] = [:]
            for key in keys {
                guard let row = try Row.fetchOne(statement, arguments: [key]) else { continue }
                guard row[1] else {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT, message: "the document with key \(key)")
                }
                found[key] = row[0]
            }
            return found
        }
    }
}
