import FileFormat
import Foundation
import Storage
import TextBytes

/// Runs the statements of one write transaction in one place of a collection.
struct PlaceWriter {
    let connection: PostgresConnection
    let layout: CollectionLayout
    let place: Int
    let hasVectors: Bool

    /// Rows that a tally is spread over, so that writers rarely want the same.
    private static let slots = 16

    private var documents: String { layout.part(place, of: layout.documents) }
    private var passages: String { layout.part(place, of: layout.passages) }
    private var vectors: String { layout.part(place, of: layout.vectors) }
    private var number: PostgresValue { .integer(Int64(place)) }

    /// Locks the documents with these ids until the transaction ends; in one order, so that two writers
    /// wait for each other at most in one direction.
    func existing(ids: [String]) throws -> [Identifier: BatchPlan.Existing] {
        var found: [Identifier: BatchPlan.Existing] = [:]
        let rows = try connection.run(
            """
            SELECT id, key, content_hash FROM \(documents)
            WHERE place = $1 AND id = ANY($2) ORDER BY id FOR UPDATE
            """, [number, .texts(ids)]
        ).rows
        for row in rows {
            found[Identifier(try row.text(0))] = BatchPlan.Existing(
                key: try row.integer(1), contentHash: ContentHash(bytes: try row.bytes(2)))
        }
        return found
    }

    /// The place of a document; `nil` if there is none with this key.
    func place(ofDocument key: Int64) throws -> Int? {
        try connection.run(
            "SELECT place FROM \(layout.documents) WHERE \(layout.anyPlace) AND key = $1",
            [.integer(key)]
        ).rows.map { Int(try $0.integer(0)) }.first
    }

    /// Whether a plan has been committed: whether what it adds is there, with the keys that nothing else has.
    ///
    /// - Parameter existing: what is stored now of the documents.
    func hasWritten(
        _ plan: BatchPlan, _ existing: [Identifier: BatchPlan.Existing]
    ) throws -> Bool {
        let isStored = plan.documents.contains { key, document in
            document.stored == nil && existing[Identifier(document.write.id)]?.key == key
        }
        if isStored { return true }
        // A document with no passages added is written again, which changes nothing.
        let added = plan.documents.filter { $0.value.stored != nil }.flatMap { key, document in
            document.passages.map { (passage: $0.key, document: key) }
        }
        guard !added.isEmpty else { return false }
        return try connection.run(
            """
            SELECT EXISTS (SELECT 1 FROM \(passages) AS p
                JOIN unnest($2, $3) AS a (passage, document)
                    ON p.key = a.passage AND p.document = a.document WHERE p.place = $1)
            """,
            [
                number, .integers(added.map(\.passage)), .integers(added.map(\.document)),
            ])[0].boolean(0)
    }

    /// - Returns: the terms whose blocks are more now.
    func write(_ plan: BatchPlan) throws -> [[UInt8]] {
        var change = Change()
        change += try remove(plan.deleted)
        for (key, document) in plan.documents.sorted(by: { $0.key < $1.key }) {
            guard let kept = document.stored else { continue }
            change += try update(key, document.write, keeping: kept)
        }
        let written = plan.documents.values.sorted { $0.key < $1.key }
        try copy(written)
        change.documents += written.count { $0.stored == nil }
        change.passages += written.reduce(0) { $0 + $1.passages.count }
        change.count += written.isEmpty ? 0 : 1
        let terms = try writeWords(
            of: written.flatMap { document in
                document.passages.map {
                    PassageText(
                        key: $0.key, title: document.write.title, text: $0.write.text)
                }
            }, &change)
        try tally(change)
        return terms
    }

    /// - Returns: the terms whose blocks are more now.
    func delete(_ keys: Set<Int64>) throws -> [[UInt8]] {
        var change = try remove(keys)
        let terms = try writeWords(of: [], &change)
        try tally(change)
        return terms
    }

    /// - Returns: the number of documents changed.
    func setMetadata(_ changes: [MetadataWrite]) throws -> Int {
        let existing = try existing(ids: changes.map(\.id))
        var count = 0
        for change in changes {
            guard let key = existing[Identifier(change.id)]?.key else { continue }
            try connection.run(
                """
                UPDATE \(documents) SET metadata = $3, content_hash = $4
                WHERE place = $1 AND key = $2
                """,
                [
                    number, .integer(key), .json(change.metadata ?? "{}"),
                    .bytes(change.contentHash.bytes),
                ])
            count += 1
        }
        try tally(Change(count: count))
        return count
    }

    /// Records other sources; the content is not changed.
    func move(_ written: [DocumentWrite]) throws {
        for document in written {
            try connection.run(
                """
                UPDATE \(documents) SET source = $3, source_position = $4
                WHERE place = $1 AND id = $2
                """,
                [
                    number, .text(document.id), document.source.map { .text($0) } ?? .null,
                    document.sourcePosition.map { .integer($0) } ?? .null,
                ])
        }
    }

    // MARK: Parts of a transaction

    private struct Change {
        var documents = 0
        var passages = 0
        var words = 0
        /// Of anything.
        var count = 0
        /// Those that have been deleted.
        var gone: [PassageText] = []

        static func += (sum: inout Change, other: Change) {
            sum.documents += other.documents
            sum.passages += other.passages
            sum.words += other.words
            sum.gone += other.gone
            sum.count += other.count
        }
    }

    private func remove(_ keys: Set<Int64>) throws -> Change {
        guard !keys.isEmpty else { return Change() }
        let list = PostgresValue.integers(keys.sorted())
        var change = try removePassages("p.document = ANY($2)", [list])
        change.documents =
            -(try connection.run(
                "DELETE FROM \(documents) WHERE place = $1 AND key = ANY($2)", [number, list]
            ).changedRows)
        change.count = 1
        return change
    }

    /// - Parameter condition: on passages; its first value is `$2`.
    private func removePassages(_ condition: String, _ values: [PostgresValue]) throws -> Change {
        let removed = try connection.run(
            """
            DELETE FROM \(passages) AS p USING \(documents) AS d
            WHERE p.place = $1 AND d.place = $1 AND d.key = p.document AND \(condition)
            RETURNING p.key, d.title, p.text_length, p.text
            """, [number] + values)
        if hasVectors, removed.count > 0 {
            // By their keys: a place on another server would otherwise send all it has.
            let keys = try removed.rows.map { try $0.integer(0) }
            try connection.run(
                "DELETE FROM \(vectors) WHERE place = $1 AND passage = ANY($2)",
                [number, .integers(keys)])
        }
        return Change(
            passages: -removed.count, gone: try removed.rows.compactMap { try PassageText(row: $0) }
        )
    }

    /// Writes the words of new passages, and of those that the change has deleted.
    ///
    /// - Returns: the terms.
    private func writeWords(of new: [PassageText], _ change: inout Change) throws -> [[UInt8]] {
        let (added, gone) = (PassageWords(new), PassageWords(change.gone))
        let tables = WordTables(connection: connection, layout: layout, place: place)
        try tables.add(added.blocks)
        try tables.addGone(gone.blocks)
        change.words += added.count - gone.count
        return gone.terms.isEmpty ? added.terms : Array(Set(added.terms + gone.terms))
    }

    private func update(
        _ key: Int64, _ document: DocumentWrite, keeping kept: DocumentWrite.KeptPassages
    ) throws -> Change {
        var change = Change()
        if case .only(let keys) = kept {
            change = try removePassages(
                "p.document = $2 AND NOT p.key = ANY($3)",
                [.integer(key), .integers(keys.sorted())])
        }
        try connection.run(
            """
            UPDATE \(documents) SET title = $3, metadata = $4, source = $5, source_position = $6,
                content_hash = $7 WHERE place = $1 AND key = $2
            """, [number, .integer(key)] + Self.columns(of: document).dropFirst())
        change.count = 1
        return change
    }

    /// id, title, metadata, source, source_position, content_hash.
    private static func columns(of document: DocumentWrite) -> [PostgresValue] {
        [
            .text(document.id), .text(document.title), .json(document.metadata ?? "{}"),
            document.source.map { .text($0) } ?? .null,
            document.sourcePosition.map { .integer($0) } ?? .null,
            .bytes(document.contentHash.bytes),
        ]
    }

    private func copy(_ written: [BatchPlan.Document]) throws {
        let new = written.filter { $0.stored == nil }
        if !new.isEmpty {
            try connection.copy(
                into: """
                    \(documents) (place, key, id, title, metadata, source, source_position,
                        content_hash)
                    """
            ) { writer in
                for document in new {
                    try writer.add(
                        [.int32(Int32(place)), .integer(document.key)]
                            + Self.columns(of: document.write))
                }
            }
        }
        guard written.contains(where: { !$0.passages.isEmpty }) else { return }
        try connection.copy(
            into: """
                \(passages) (place, key, document, ordinal, text_start, text_length, tokens, text)
                """
        ) { writer in
            for document in written {
                for passage in document.passages {
                    let text = StoredText.encode(passage.write.text)
                    try writer.add([
                        .int32(Int32(place)), .integer(passage.key), .integer(document.key),
                        .integer(Int64(passage.ordinal)), .integer(Int64(passage.write.start)),
                        .integer(Int64(text.length)), .integer(Int64(passage.write.tokens)),
                        .bytes([UInt8](text.bytes)),
                    ])
                }
            }
        }
        guard hasVectors else { return }
        try connection.copy(into: "\(vectors) (place, passage, document, value)") { writer in
            for document in written {
                for passage in document.passages {
                    try writer.add([
                        .int32(Int32(place)), .integer(passage.key), .integer(document.key),
                        .vector(passage.write.vector),
                    ])
                }
            }
        }
    }

    private func tally(_ change: Change) throws {
        guard change.count > 0 else { return }
        try connection.run(
            """
            UPDATE \(layout.tally) SET documents = documents + $4, passages = passages + $5,
                changes = changes + $6, words = words + $7 WHERE collection = $1 AND place = $2 AND slot = $3
            """,
            [
                .integer(layout.id), number, .integer(Int64.random(in: 0..<Int64(Self.slots))),
                .integer(Int64(change.documents)), .integer(Int64(change.passages)),
                .integer(Int64(change.count)), .integer(Int64(change.words)),
            ])
    }
}
