import FileFormat
import Foundation
import JSON
import Storage
import TextBytes

extension PostgresStore {
    /// The most bytes of an id: a row of an index must fit into a third of a page.
    private static let longestID = 2000

    /// Stores a batch, in each place all of it or nothing.
    ///
    /// - Throws: as `Store`; also `tooLarge` for an id over 2,000 bytes.
    package func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy
    ) throws(StoreError) -> BatchOutcome {
        try write(batch, to: collection, onConflict: policy) { _, _ in }
    }

    /// - Parameter fence: begins each of the transactions that the batch is stored in, with whether it is
    ///   the last one; there is at least one. What it throws rolls that back.
    func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy,
        fence: (_ isLast: Bool, PostgresConnection) throws -> Void
    ) throws(StoreError) -> BatchOutcome {
        for document in batch {
            try document.validate(for: collection)
            let bytes = document.id.utf8.count
            guard bytes <= Self.longestID else {
                throw .tooLarge(document: document.id, bytes: bytes, limit: Self.longestID)
            }
        }
        let layout = try layout(of: collection)
        let byPlace = Dictionary(grouping: batch.indices) { layout.place(of: batch[$0].id) }
        let last = byPlace.keys.max()
        var outcomes = [BatchOutcome.Document](repeating: .unchanged, count: batch.count)
        var (replaced, own) = ([Int64: Int](), Set<Int64>())
        var commits: [(place: Int, terms: [[UInt8]])] = []
        do throws(StoreError) {
            // In the order of the batch, whatever their places, as a file has them.
            let keys =
                batch.isEmpty
                ? [] : try read { connection in try newKeys(for: batch, connection) }
            for (place, indices) in byPlace.sorted(by: { $0.key < $1.key }) {
                let (documents, first) = (indices.map { batch[$0] }, indices.map { keys[$0] })
                let (plan, terms) = try writeOnce {
                    (connection, unanswered: (plan: BatchPlan, terms: [[UInt8]])?) in
                    try fence(place == last, connection)
                    return try self.write(
                        documents, first, to: place, of: collection, policy, connection,
                        unanswered: unanswered)
                }
                for (index, outcome) in zip(indices, plan.outcomes) { outcomes[index] = outcome }
                replaced.merge(plan.deletedElsewhere) { $1 }
                own.formUnion(plan.ownKeys)
                commits.append((place, terms))
            }
            if batch.isEmpty { try write { connection in try fence(true, connection) } }
            // After what takes their place; if this does not happen, the next synchronization does it.
            let gone = Dictionary(grouping: replaced.keys.filter { !own.contains($0) }) {
                replaced[$0, default: 0]
            }
            for (place, keys) in gone {
                commits.append((place, try delete(Set(keys), in: place, of: collection)))
            }
        } catch { throw Self.blame(error, on: batch) }
        mergeWords(after: commits, in: collection)
        var outcome = BatchOutcome()
        outcome.documents = outcomes
        outcome.position = try position(of: collection)
        return outcome
    }

    /// Keys for each document and its passages.
    private func newKeys(
        for batch: [DocumentWrite], _ connection: PostgresConnection
    ) throws -> [[Int64]] {
        try batch.map { document in
            try keys.withLock { keys in
                try keys.take(1 + document.passages.count) {
                    try connection.run(
                        "SELECT nextval($1::regclass)", [.text("\(schema.name).key")])[0]
                        .integer(0)
                }
            }
        }
    }

    /// - Parameter keys: for a first try. What an unanswered one has written may have been deleted since, and a
    ///   key is never given twice.
    private func write(
        _ batch: [DocumentWrite], _ keys: [[Int64]], to place: Int, of collection: CollectionRecord,
        _ policy: ConflictPolicy, _ connection: PostgresConnection,
        unanswered: (plan: BatchPlan, terms: [[UInt8]])?
    ) throws -> (plan: BatchPlan, terms: [[UInt8]]) {
        let (writer, model) = try placeWriter(place, of: collection, connection)
        try model.verify(collection)
        let existing = try writer.existing(ids: batch.map(\.id))
        if let unanswered, try writer.hasWritten(unanswered.plan, existing) { return unanswered }
        var plan = BatchPlan(
            place: place, existing: existing, collection: collection.name, policy: policy)
        let keys = unanswered == nil ? keys : try newKeys(for: batch, connection)
        for (document, keys) in zip(batch, keys) {
            try plan.add(document, newKeys: keys, placeOf: { try writer.place(ofDocument: $0) })
        }
        return (plan, try writer.write(plan))
    }

    private func delete(
        _ keys: Set<Int64>, in place: Int, of collection: CollectionRecord
    ) throws(StoreError) -> [[UInt8]] {
        try write { connection in
            try placeWriter(place, of: collection, connection).writer.delete(keys)
        }
    }

    /// Locks the collection against a change of its model or tables.
    func placeWriter(
        _ place: Int, of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> (writer: PlaceWriter, model: CollectionModel) {
        let (layout, model) = try lock(collection, connection, .shared)
        let writer = PlaceWriter(
            connection: connection, layout: layout, place: place, hasVectors: model.dimensions > 0)
        return (writer, model)
    }

    /// The server says that metadata are not JSON, but not whose.
    private static func blame(
        _ error: StoreError, on batch: [DocumentWrite]
    ) -> StoreError {
        guard case .io(_, let detail) = error else { return error }
        let isOutOfRange = detail.contains(PostgresError.State.outOfRange)
        for document in batch {
            if isOutOfRange,
                document.passages.contains(where: { passage in
                    passage.vector.contains { abs($0) > largestHalf }
                })
            {
                return .vectorTooLarge(document: document.id)
            }
            guard let metadata = document.metadata else { continue }
            let value = try? JSONValue(parsing: metadata)
            guard let object = value?.objectValue else {
                return .invalidMetadata(document: document.id)
            }
            if JSONValue.object(object).jsonText.contains("\\u0000") {
                return .nulInMetadata(document: document.id)
            }
        }
        return error
    }

    /// The signatures of the documents that exist, so that unchanged ones need no encoding.
    package func signatures(
        ofIDs ids: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [Identifier: DocumentSignature] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            let rows = try connection.run(
                """
                SELECT id, content_hash, source FROM \(layout.documents)
                WHERE \(layout.anyPlace) AND id = ANY($1)
                """, [.texts(ids.filter { !$0.hasNUL })]
            ).rows
            var signatures: [Identifier: DocumentSignature] = [:]
            for row in rows {
                signatures[Identifier(try row.text(0))] = DocumentSignature(
                    contentHash: ContentHash(bytes: try row.bytes(1)),
                    source: try row.optionalText(2))
            }
            return signatures
        }
    }

    /// The most documents that a filter or a synchronization deletes in one transaction.
    private static let batchSize = 1000

    /// Deletes the matching documents, in batches.
    package func delete(
        where predicate: MetadataPredicate, from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        let ids = try ids(where: predicate, in: collection)
        var deleted = 0
        for start in stride(from: 0, to: ids.count, by: Self.batchSize) {
            let batch = Array(ids[start..<min(start + Self.batchSize, ids.count)])
            deleted += try delete(ids: batch, from: collection).deleted
        }
        return DeleteOutcome(deleted: deleted, position: try position(of: collection))
    }

    /// Deletes documents, in batches. Keys that do not exist are ignored.
    package func delete(
        documentKeys keys: [Int64], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        try delete(documentKeys: keys, from: collection) { _ in }
    }

    /// A document that another one has taken the place of has another key, so it stays.
    ///
    /// - Parameter fence: begins each of the transactions. What it throws rolls that back.
    func delete(
        documentKeys keys: [Int64], from collection: CollectionRecord,
        fence: (PostgresConnection) throws -> Void
    ) throws(StoreError) -> DeleteOutcome {
        var deleted = 0
        for start in stride(from: 0, to: keys.count, by: Self.batchSize) {
            let batch = PostgresValue.integers(
                Array(keys[start..<min(start + Self.batchSize, keys.count)]))
            let places = try read { connection in
                let layout = try layout(of: collection, connection)
                return try connection.run(
                    """
                    SELECT DISTINCT place FROM \(layout.documents)
                    WHERE \(layout.anyPlace) AND key = ANY($1) ORDER BY place
                    """, [batch]
                ).rows.map { Int(try $0.integer(0)) }
            }
            var commits: [(place: Int, terms: [[UInt8]])] = []
            for place in places {
                let (keys, terms) = try writeOnce {
                    (connection, unanswered: (keys: Set<Int64>, terms: [[UInt8]])?) in
                    try fence(connection)
                    let (writer, _) = try placeWriter(place, of: collection, connection)
                    let present = try connection.run(
                        """
                        SELECT key FROM \(writer.layout.part(place, of: writer.layout.documents))
                        WHERE place = \(place) AND key = ANY($1) ORDER BY id FOR UPDATE
                        """, [batch]
                    ).rows.map { try $0.integer(0) }
                    let terms = try writer.delete(Set(present))
                    return Self.joined((Set(present), terms), unanswered)
                }
                deleted += keys.count
                commits.append((place, terms))
            }
            mergeWords(after: commits, in: collection)
        }
        return DeleteOutcome(deleted: deleted, position: try position(of: collection))
    }

    /// Deletes documents. Ids that do not exist are ignored.
    package func delete(
        ids: [String], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome {
        let layout = try layout(of: collection)
        let byPlace = Dictionary(grouping: ids.filter { !$0.hasNUL }) { layout.place(of: $0) }
        var deleted = 0
        var commits: [(place: Int, terms: [[UInt8]])] = []
        for (place, ids) in byPlace.sorted(by: { $0.key < $1.key }) {
            let (keys, terms) = try writeOnce {
                (connection, unanswered: (keys: Set<Int64>, terms: [[UInt8]])?) in
                let writer = try placeWriter(place, of: collection, connection).writer
                let keys = Set(try writer.existing(ids: ids).values.map(\.key))
                return Self.joined((keys, try writer.delete(keys)), unanswered)
            }
            deleted += keys.count
            commits.append((place, terms))
        }
        mergeWords(after: commits, in: collection)
        return DeleteOutcome(deleted: deleted, position: try position(of: collection))
    }

    /// What a transaction has deleted, with what the one before it had, if that took effect without an answer:
    /// then the second has found nothing of it.
    private static func joined(
        _ deleted: (keys: Set<Int64>, terms: [[UInt8]]),
        _ unanswered: (keys: Set<Int64>, terms: [[UInt8]])?
    ) -> (keys: Set<Int64>, terms: [[UInt8]]) {
        guard let unanswered, deleted.keys.isDisjoint(with: unanswered.keys) else { return deleted }
        return (deleted.keys.union(unanswered.keys), deleted.terms + unanswered.terms)
    }
}

extension ContentHash {
    /// Sixteen bytes, big-endian.
    init(bytes: [UInt8]) {
        func word(_ bytes: some Sequence<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(high: word(bytes.prefix(8)), low: word(bytes.dropFirst(8).prefix(8)))
    }
}
