import FileFormat
import Foundation
import Storage

extension PostgresStore {
    /// The passages in the order of `keys`; deleted ones are left out.
    package func passages(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        let found = try passages(
            in: collection, where: { "\($0.anyPlace(of: "p")) AND p.key = ANY($1)" },
            [.integers(keys)])
        let byKey = Dictionary(found.map { ($0.key, $0) }) { first, _ in first }
        return keys.compactMap { byKey[$0] }
    }

    /// The passages of some documents, each document's in order; without those that do not exist.
    package func passages(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: [PassageRecord]] {
        let found = try passages(
            in: collection,
            where: {
                "\($0.anyPlace(of: "p")) AND p.document = ANY($1) ORDER BY p.document, p.ordinal"
            }, [.integers(keys)])
        return Dictionary(grouping: found, by: \.documentKey)
    }

    /// A document's passages in order, up to the one with this ordinal.
    package func passages(
        ofDocument key: Int64, through ordinal: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try passages(
            in: collection,
            where: {
                "\($0.anyPlace(of: "p")) AND p.document = $1 AND p.ordinal <= $2 ORDER BY p.ordinal"
            }, [.integer(key), .integer(Int64(ordinal))])
    }

    /// At most `limit` passages in key order, from the one after `key`; for re-encoding.
    package func passages(
        after key: Int64, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try passages(
            in: collection,
            where: { "\($0.anyPlace(of: "p")) AND p.key > $1 ORDER BY p.key LIMIT $2" },
            [.integer(key), .integer(Int64(limit))])
    }

    private func passages(
        in collection: CollectionRecord, where condition: (CollectionLayout) -> String,
        _ values: [PostgresValue]
    ) throws(StoreError) -> [PassageRecord] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            let selection = selection(layout, where: condition(layout), values)
            let answers = try connection.pipeline(
                Self.beginReading(rules.lookupSettings) + [selection, PostgresStatement("COMMIT")])
            return try answers[answers.count - 2].rows.map { try passage($0) }
        }
    }

    /// - Parameter condition: on `passage AS p`, and what follows it.
    func passages(
        _ layout: CollectionLayout, where condition: String, _ values: [PostgresValue],
        _ connection: PostgresConnection
    ) throws -> [PassageRecord] {
        let selection = selection(layout, where: condition, values)
        return try connection.run(selection.sql, selection.parameters).rows
            .map { try passage($0) }
    }

    private func selection(
        _ layout: CollectionLayout, where condition: String, _ values: [PostgresValue]
    ) -> PostgresStatement {
        PostgresStatement(
            """
            SELECT p.key, p.document, d.id, d.title, d.metadata, p.ordinal, p.text_start,
                p.tokens, p.text_length, p.text
            FROM \(layout.passages) AS p
            JOIN \(layout.documents) AS d ON d.place = p.place AND d.key = p.document
            WHERE \(condition)
            """, values)
    }

    private func passage(_ row: PostgresResult.Row) throws -> PassageRecord {
        let key = try row.integer(0)
        let metadata = try row.json(4)
        let (bytes, length) = (try row.bytes(9), Int(try row.integer(8)))
        let text: String
        do throws(FileError) {
            text = try StoredText.decode(Data(bytes), length: length)
        } catch {
            throw StoreError.corrupt(
                path: location.description, detail: "the text of passage \(key)")
        }
        return PassageRecord(
            key: key, documentKey: try row.integer(1), documentID: try row.text(2),
            title: try row.text(3), metadata: metadata == "{}" ? nil : metadata,
            ordinal: Int(try row.integer(5)), start: Int(try row.integer(6)),
            tokens: Int(try row.integer(7)), text: text)
    }

    /// The vectors of some passages in the order of `keys`; deleted ones are left out.
    ///
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded.
    package func vectors(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> VectorBatch {
        guard collection.dimensions > 0 else { return VectorBatch(dimensions: 0) }
        return try read { connection in
            let (layout, model) = try lock(collection, connection, nil)
            try model.verify(collection)
            let rows = try connection.run(
                """
                SELECT passage, value FROM \(layout.vectors)
                WHERE \(layout.anyPlace) AND passage = ANY($1)
                """, [.integers(keys)]
            ).rows
            var byKey: [Int64: PostgresResult.Row] = [:]
            for row in rows { byKey[try row.integer(0)] = row }
            var batch = VectorBatch(dimensions: model.dimensions)
            batch.values.reserveCapacity(keys.count * model.dimensions)
            for key in keys {
                guard let row = byKey[key] else { continue }
                batch.keys.append(key)
                try row.appendVector(1, to: &batch.values)
            }
            return batch
        }
    }
}
