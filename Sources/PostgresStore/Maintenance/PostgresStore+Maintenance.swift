import Storage

extension PostgresStore {
    /// Nothing can be moved away.
    package func requireInPlace() throws(StoreError) {}

    /// Makes the words again from the texts.
    package func rebuildDerived(of collection: CollectionRecord) throws(StoreError) {
        try rebuildWords(of: collection)
    }

    /// - Throws: `unavailable` always: pg_dump and pg_basebackup do it.
    package func backup(to destination: String) throws(StoreError) {
        throw .unavailable(
            path: location.description,
            reason: "PostgreSQL is backed up by pg_dump or pg_basebackup")
    }

    /// - Throws: `unavailable` always: autovacuum does it.
    package func compact() throws(StoreError) {
        throw .unavailable(
            path: location.description, reason: "PostgreSQL frees space by autovacuum")
    }

    /// The bytes on disk by kind of content, indexes included.
    package func bytesByPart() throws(StoreError) -> [StorePart] {
        guard let tableSize = rules.tableSize else { return [] }
        return try read { connection in
            let rows = try connection.run(
                """
                SELECT CASE WHEN c.relname LIKE 'passage\\_%' THEN 'text'
                        WHEN c.relname LIKE 'vector\\_%' THEN 'vectors'
                        WHEN c.relname LIKE 'posting\\_%' OR c.relname LIKE 'gone\\_%' THEN 'full_text'
                        WHEN c.relname LIKE 'document\\_%' THEN 'metadata' ELSE 'other' END,
                    sum(\(tableSize))::int8
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relkind = 'r' GROUP BY 1
                """, [.text(location.schema)]
            ).rows
            var bytes: [String: Int] = [:]
            for row in rows { bytes[try row.text(0)] = Int(try row.integer(1)) }
            return [StorePart.Kind.text, .vectors, .metadata, .fullText, .other].map {
                StorePart(kind: $0, bytes: bytes[$0.rawValue] ?? 0)
            }
        }
    }

    /// Compares the counts with the rows, and passages with their documents and vectors; decodes every
    /// text, and compares its words with the postings.
    package func check() throws(StoreError) -> [StoreFinding] {
        var findings: [StoreFinding] = []
        for collection in try collections() {
            findings += try read { connection in try check(collection, connection) }
            findings += try checkTexts(of: collection)
            findings += try checkWords(of: collection)
        }
        return findings
    }

    private func check(
        _ collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> [StoreFinding] {
        let (layout, model) = try lock(collection, connection, nil)
        func count(_ sql: String) throws -> Int { Int(try connection.run(sql)[0].integer(0)) }
        var findings: [StoreFinding] = []
        func expect(_ found: Int, _ kind: StoreFinding.Kind, _ detail: String) {
            if found != 0 {
                findings.append(
                    StoreFinding(
                        kind: kind, collection: collection.name, detail: "\(found) \(detail)"))
            }
        }
        // In one statement, so that both are of one moment.
        let (id, tally) = (collection.id, layout.tally)
        try expect(
            count(
                """
                SELECT (SELECT count(*) FROM \(layout.documents))
                    - (SELECT sum(documents) FROM \(tally) WHERE collection = \(id))::int8
                """), .count, "documents more than are counted")
        try expect(
            count(
                """
                SELECT (SELECT count(*) FROM \(layout.passages))
                    - (SELECT sum(passages) FROM \(tally) WHERE collection = \(id))::int8
                """), .count, "passages more than are counted")
        try expect(
            count(
                """
                SELECT count(*) FROM \(layout.passages) AS p WHERE NOT EXISTS (
                    SELECT 1 FROM \(layout.documents) AS d WHERE d.place = p.place AND d.key = p.document)
                """), .foreignKey, "passages without a document")
        guard model.dimensions > 0 else { return findings }
        try expect(
            count(
                """
                SELECT count(*) FROM \(layout.passages) AS p FULL JOIN \(layout.vectors) AS v
                    ON v.place = p.place AND v.passage = p.key AND v.document = p.document
                WHERE p.key IS NULL OR v.passage IS NULL
                """), .vector, "passages without a vector, or vectors without a passage")
        return findings
    }

    private func checkTexts(of collection: CollectionRecord) throws(StoreError) -> [StoreFinding] {
        var last: Int64 = 0
        do throws(StoreError) {
            while let end = try passages(after: last, limit: 1000, in: collection).last {
                last = end.key
            }
        } catch {
            guard case .corrupt(_, let detail) = error else { throw error }
            return [StoreFinding(kind: .text, collection: collection.name, detail: detail)]
        }
        return []
    }
}
