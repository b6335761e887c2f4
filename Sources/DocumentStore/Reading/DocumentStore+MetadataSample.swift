import GRDB

extension DocumentStore {
    /// How many places of the table a sample is taken from, and documents at each.
    private static let samplePlaces = 64
    private static let samplesAtPlace = 8

    /// The metadata, as JSON, of up to 512 documents from all over a collection. The time does not
    /// grow with the size of the database.
    ///
    /// - Throws: `corrupt` for a row that has changed since it was written.
    package func sampleOfMetadata(in collection: CollectionRecord) throws(StoreError) -> [String?] {
        try read { database in
            let bounds = try Row.fetchOne(
                database,
                // Together, SQLite finds them by reading all rows.
                sql: "SELECT (SELECT min(key) FROM document), (SELECT max(key) FROM document)")
            guard let first = bounds?[0] as Int64?, let last = bounds?[1] as Int64? else {
                return []
            }
            var sample: [Int64: String?] = [:]
            let columns = """
                SELECT d.key, d.metadata, \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
                FROM document AS d
                """
            func add(_ condition: String, _ arguments: StatementArguments) throws {
                let rows = try Row.fetchAll(
                    database.cachedStatement(sql: "\(columns) WHERE \(condition)"),
                    arguments: arguments)
                for row in rows {
                    let key: Int64 = row[0]
                    guard row[2] else {
                        throw DatabaseError(
                            resultCode: .SQLITE_CORRUPT, message: "the document with key \(key)")
                    }
                    sample[key] = .some(row[1])
                }
            }
            // Keys only grow, so equal steps reach old and new documents. Other collections may have
            // many of the keys.
            for place in 0..<Self.samplePlaces {
                let share = Double(place) / Double(Self.samplePlaces)
                try add(
                    """
                    d.collection = ? AND d.key IN
                        (SELECT key FROM document WHERE key >= ? ORDER BY key LIMIT ?)
                    """,
                    [
                        collection.id, first + Int64(Double(last - first) * share),
                        Self.samplesAtPlace,
                    ])
            }
            let most = Self.samplePlaces * Self.samplesAtPlace
            if sample.count < most / 2 {
                try add(
                    "d.collection = ? ORDER BY d.id LIMIT ?", [collection.id, most - sample.count])
            }
            return sample.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
