import JSON
import Schema
import Storage

/// Re-encodes a collection with another model, while queries use the old vectors: the new ones have tables
/// of the next generation.
extension PostgresStore {
    /// The unfinished re-encoding, if any.
    package func staging(of collection: CollectionRecord) throws(StoreError) -> StagedModel? {
        try read { connection in try staging(of: collection, connection) }
    }

    func staging(
        of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> StagedModel? {
        let found = try connection.run(
            "SELECT staged_model FROM \(schema.name).collection WHERE id = $1",
            [.integer(collection.id)])
        guard found.count == 1 else { throw StoreError.collectionMissing(name: collection.name) }
        return try found[0].optionalText(0).map {
            try JSONValue(parsing: $0).decoded(as: StagedModel.self)
        }
    }

    func requireStaging(
        of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> StagedModel {
        guard let staging = try staging(of: collection, connection) else {
            throw StoreError.nothingStaged(collection: collection.name)
        }
        return staging
    }

    /// Begins a re-encoding, or continues an unfinished one by the same model, whose path and settings are
    /// updated.
    ///
    /// - Throws: `alreadyStaged` if another model's is unfinished.
    package func beginStaging(
        _ staging: StagedModel, in collection: CollectionRecord
    ) throws(StoreError) {
        try write { connection in
            let layout = try lock(collection, connection, .alone).layout.next
            let present = try self.staging(of: collection, connection)
            if let present,
                present.model.fingerprint != staging.model.fingerprint
                    || present.dimensions != staging.dimensions
            {
                throw StoreError.alreadyStaged(
                    collection: collection.name, fingerprint: present.model.fingerprint)
            }
            try connection.run(
                "UPDATE \(schema.name).collection SET staged_model = $2 WHERE id = $1",
                [.integer(collection.id), .text(try JSONValue(encoding: staging).jsonText)])
            if present != nil { return }
            try makeVectors(layout, dimensions: staging.dimensions, connection)
        }
    }

    /// The passage before the first that lacks its new vector.
    package func stagedThrough(in collection: CollectionRecord) throws(StoreError) -> Int64 {
        try read { connection in
            _ = try requireStaging(of: collection, connection)
            let layout = try lock(collection, connection, nil).layout
            return try connection.run(
                """
                SELECT coalesce(
                    (SELECT min(p.key) - 1 FROM \(layout.passages) AS p WHERE p.\(layout.anyPlace)
                        AND NOT EXISTS (SELECT 1 FROM \(layout.next.vectors) AS v
                            WHERE v.place = p.place AND v.passage = p.key)),
                    (SELECT max(passage) FROM \(layout.next.vectors)), 0)
                """)[0].integer(0)
        }
    }

    /// Stores new vectors: of each place all of them or none. Those of passages that have been deleted are
    /// dropped.
    package func stageVectors(
        _ vectors: [(passage: Int64, vector: [Float])], in collection: CollectionRecord
    ) throws(StoreError) {
        for place in try layout(of: collection).placeNumbers {
            try write { connection in
                let staging = try requireStaging(of: collection, connection)
                let layout = try lock(collection, connection, .shared).layout
                try stage(vectors, of: collection, in: place, staging, layout, connection)
            }
        }
    }

    /// Stores those of the vectors whose passages are in a place.
    func stage(
        _ vectors: [(passage: Int64, vector: [Float])], of collection: CollectionRecord,
        in place: Int, _ staging: StagedModel, _ layout: CollectionLayout,
        _ connection: PostgresConnection
    ) throws {
        for (passage, vector) in vectors {
            guard vector.count == staging.dimensions else {
                throw StoreError.vectorLength(
                    document: "passage \(passage)", passage: 0,
                    expected: staging.dimensions, found: vector.count)
            }
            guard collection.elementType.isFinite(vector) else {
                throw StoreError.vectorNotFinite(document: "passage \(passage)", passage: 0)
            }
        }
        let byKey = Dictionary(vectors.map { ($0.passage, $0.vector) }) { $1 }
        let table = layout.part(place, of: layout.next.vectors)
        let keys = PostgresValue.integers(byKey.keys.sorted())
        try connection.run(
            "DELETE FROM \(table) WHERE place = \(place) AND passage = ANY($1)", [keys])
        let rows = try connection.run(
            """
            SELECT key, document FROM \(layout.part(place, of: layout.passages))
            WHERE place = \(place) AND key = ANY($1) ORDER BY key
            """, [keys])
        try connection.copy(into: "\(table) (place, passage, document, value)") { writer in
            for row in rows.rows {
                let key = try row.integer(0)
                try writer.add([
                    .int32(Int32(place)), .integer(key), .integer(try row.integer(1)),
                    .vector(byKey[key] ?? []),
                ])
            }
        }
    }

    /// Replaces the old vectors and model by the new ones.
    ///
    /// - Throws: `stagingIncomplete` if passages were added that have no new vector.
    package func commitStaging(
        in collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        let (record, old) = try writeOnce {
            (connection, unanswered: (record: CollectionRecord, old: CollectionLayout)?) in
            let (layout, model) = try lock(collection, connection, .alone)
            if let unanswered, layout.generation > unanswered.old.generation { return unanswered }
            let staging = try requireStaging(of: collection, connection)
            return (try take(staging, layout, model, of: collection, connection), layout)
        }
        try dropFarVectors(old)
        return record
    }

    /// Takes the staged vectors into use, in a transaction that has the collection alone.
    ///
    /// - Throws: `stagingIncomplete`.
    func take(
        _ staging: StagedModel, _ layout: CollectionLayout, _ model: CollectionModel,
        of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> CollectionRecord {
        try connection.run(
            """
            DELETE FROM \(layout.next.vectors) AS v WHERE NOT EXISTS (
                SELECT 1 FROM \(layout.passages) AS p WHERE p.place = v.place AND p.key = v.passage)
            """)
        let missing = try connection.run(
            """
            SELECT (SELECT count(*) FROM \(layout.passages))
                - (SELECT count(*) FROM \(layout.next.vectors))
            """)[0].integer(0)
        guard missing == 0 else {
            throw StoreError.stagingIncomplete(
                collection: collection.name, missing: Int(missing))
        }
        if model.dimensions > 0 { try connection.run("DROP TABLE \(layout.vectors)") }
        try connection.run(
            """
            UPDATE \(schema.name).tally SET changes = changes + 1
            WHERE collection = $1 AND place = $2 AND slot = 0
            """, [.integer(collection.id), .integer(Int64(layout.placeNumbers[0]))])
        try endStagingJob(collection, layout, connection)
        return try update(
            collection,
            """
            staged_model = NULL, generation = generation + 1, dimensions = $2, model_name = $3,
                model_fingerprint = $4, model_path = $5, model_settings = $6
            """,
            [
                .integer(Int64(staging.dimensions)), .text(staging.model.name),
                .text(staging.model.fingerprint), staging.model.path.map { .text($0) } ?? .null,
                .text(staging.model.settings),
            ], connection)
    }

    /// Discards the new vectors, if there are any.
    package func discardStaging(in collection: CollectionRecord) throws(StoreError) {
        let unfinished = try write { connection in
            let layout = try lock(collection, connection, .alone).layout
            try connection.run("DROP TABLE IF EXISTS \(layout.next.vectors)")
            try endStagingJob(collection, layout, connection)
            try connection.run(
                "UPDATE \(schema.name).collection SET staged_model = NULL WHERE id = $1",
                [.integer(collection.id)])
            return layout.next
        }
        try dropFarVectors(unfinished)
    }
}
