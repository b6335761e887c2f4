import Ranking
import Schema
import Storage
import TextBytes

extension PostgresStore {
    package func collections() throws(StoreError) -> [CollectionRecord] {
        try read { connection in
            try connection.run("\(selection) ORDER BY c.name").rows.map { try record($0) }
        }
    }

    package func collection(named name: String) throws(StoreError) -> CollectionRecord? {
        if name.hasNUL { return nil }
        return try read { connection in
            try find(name, connection)
        }
    }

    /// - Throws: `collectionExists`.
    package func createCollection(
        named name: String, metric: Metric, dimensions: Int, elementType: VectorElement,
        model: CollectionRecord.ModelRecord, index: IndexOptions, searchSettings: String?
    ) throws(StoreError) -> CollectionRecord {
        try writeOnce { connection, unanswered in
            if let found = try find(name, connection) {
                if found.id == unanswered?.id { return found }
                throw StoreError.collectionExists(name: name)
            }
            let id = try connection.run(
                """
                INSERT INTO \(schema.name).collection (name, metric, dimensions, vector_type, places,
                    model_name, model_fingerprint, model_path, model_settings, m, ef_construction,
                    quantization, search_settings)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                RETURNING id
                """,
                [
                    .text(name), .text(metric.rawValue), .integer(Int64(dimensions)),
                    .text(elementType.rawValue), .integer(Int64(places)), .text(model.name),
                    .text(model.fingerprint), model.path.map { .text($0) } ?? .null,
                    .text(model.settings), .integer(Int64(index.m)),
                    .integer(Int64(index.efConstruction)), .text(index.quantization.rawValue),
                    searchSettings.map { .text($0) } ?? .null,
                ])[0].integer(0)
            try makeTables(
                CollectionLayout(
                    id: id, schema: schema.name, places: places, generation: 1, flavour: flavour),
                dimensions: dimensions, connection)
            return try require(id: id, name: name, connection)
        }
    }

    /// Deletes a collection and its content.
    package func dropCollection(_ collection: CollectionRecord) throws(StoreError) {
        let dropped = try writeOnce { (connection, unanswered: CollectionLayout?) in
            let layout: CollectionLayout
            do {
                layout = try lock(collection, connection, .alone).layout
            } catch StoreError.collectionMissing(let name) {
                guard let unanswered else { throw StoreError.collectionMissing(name: name) }
                return unanswered
            }
            try connection.run(
                """
                DROP TABLE \(layout.documents), \(layout.passages), \(layout.postings),
                    \(layout.gone)
                """)
            for table in [layout.vectors, layout.next.vectors] {
                try connection.run("DROP TABLE IF EXISTS \(table)")
            }
            let name = try require(id: collection.id, name: collection.name, connection).name
            try forgetJobs(ofCollection: name, connection)
            try forgetFields(ofCollection: collection.id, connection)
            for table in ["tally", "collection"] {
                let column = table == "tally" ? "collection" : "id"
                try connection.run(
                    "DELETE FROM \(schema.name).\(table) WHERE \(column) = $1",
                    [.integer(collection.id)])
            }
            return layout
        }
        try dropFar(dropped)
    }

    /// Gives a collection another name. Its id stays.
    ///
    /// - Throws: `collectionExists`.
    package func renameCollection(
        _ collection: CollectionRecord, to name: String
    ) throws(StoreError) -> CollectionRecord {
        try writeOnce { connection, unanswered in
            _ = try lock(collection, connection, .alone)
            if let found = try find(name, connection) {
                if found.id == unanswered?.id { return found }
                throw StoreError.collectionExists(name: name)
            }
            let old = try require(id: collection.id, name: collection.name, connection).name
            try forgetJobs(ofCollection: name, connection)
            try connection.run(
                "UPDATE \(jobs) SET collection = $2 WHERE collection = $1",
                [.text(old), .text(name)])
            return try update(collection, "name = $2", [.text(name)], connection)
        }
    }

    package func updateSearchSettings(
        _ settings: String?, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        try write { connection in
            try update(
                collection, "search_settings = $2", [settings.map { .text($0) } ?? .null],
                connection)
        }
    }

    package func updateIndex(
        _ index: IndexOptions, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord {
        try write { connection in
            try update(
                collection, "m = $2, ef_construction = $3, quantization = $4",
                [
                    .integer(Int64(index.m)), .integer(Int64(index.efConstruction)),
                    .text(index.quantization.rawValue),
                ], connection)
        }
    }

    /// Copies a collection with its documents, vectors, settings and indexed fields. An unfinished
    /// re-encoding is not copied. Keys are a collection's own, so the copy's are the same.
    ///
    /// - Throws: `StoreError`: `collectionExists`.
    package func copyCollection(
        _ collection: CollectionRecord, to name: String
    ) throws -> CollectionRecord {
        try writeOnce { connection, unanswered in
            let source = try lock(collection, connection, .alone).layout
            if let found = try find(name, connection) {
                if found.id == unanswered?.id { return found }
                throw StoreError.collectionExists(name: name)
            }
            let record = try require(id: collection.id, name: collection.name, connection)
            let columns = """
                metric, dimensions, vector_type, places, model_name, model_fingerprint, model_path,
                    model_settings, m, ef_construction, quantization, search_settings
                """
            let id = try connection.run(
                """
                INSERT INTO \(schema.name).collection (name, \(columns))
                SELECT $2, \(columns) FROM \(schema.name).collection WHERE id = $1 RETURNING id
                """, [.integer(collection.id), .text(name)])[0].integer(0)
            let copy = CollectionLayout(
                id: id, schema: schema.name, places: source.places, generation: 1,
                flavour: flavour)
            try makeTables(copy, dimensions: record.dimensions, connection)
            for (from, to) in [
                (source.documents, copy.documents), (source.passages, copy.passages),
                (source.postings, copy.postings), (source.gone, copy.gone),
                (source.vectors, copy.vectors),
            ] where from != source.vectors || record.dimensions > 0 {
                try connection.run("INSERT INTO \(to) SELECT * FROM \(from)")
            }
            try connection.run(
                """
                UPDATE \(copy.tally) AS t SET documents = s.documents, passages = s.passages,
                    words = s.words, changes = 1
                FROM \(copy.tally) AS s WHERE t.collection = $1 AND s.collection = $2
                    AND s.place = t.place AND s.slot = t.slot
                """, [.integer(id), .integer(source.id)])
            try copyFields(of: record, to: copy, connection)
            return try require(id: id, name: name, connection)
        }
    }

    /// Another collection of this name would have the same jobs, whose units are done.
    private func forgetJobs(
        ofCollection name: String, _ connection: PostgresConnection
    ) throws {
        try connection.run(
            "DELETE FROM \(work) WHERE job IN (SELECT id FROM \(jobs) WHERE collection = $1)",
            [.text(name)])
        try connection.run("DELETE FROM \(jobs) WHERE collection = $1", [.text(name)])
    }

    private func makeTables(
        _ layout: CollectionLayout, dimensions: Int, _ connection: PostgresConnection
    ) throws {
        try make(layout, connection) { schema, places in
            schema.collection(id: layout.id)
                + places.flatMap { schema.place($0, ofCollection: layout.id) }
        } far: { place, server in
            schema.farPlace(
                place, ofCollection: layout.id, server: server.name, schema: server.schema)
        }
        if dimensions > 0 { try makeVectors(layout, dimensions: dimensions, connection) }
    }

    /// Makes the tables of a collection's vectors by one model.
    func makeVectors(
        _ layout: CollectionLayout, dimensions: Int, _ connection: PostgresConnection
    ) throws {
        try make(layout, connection) { schema, places in
            schema.vectors(
                ofCollection: layout.id, generation: layout.generation, dimensions: dimensions,
                places: places)
        } far: { place, server in
            schema.farVectors(
                place, ofCollection: layout.id, generation: layout.generation,
                server: server.name, schema: server.schema)
        }
    }

    /// Makes tables where their places are.
    ///
    /// - Parameters:
    ///   - statements: those of a schema, for the places in it.
    ///   - far: those that let this server see a place on another one.
    private func make(
        _ layout: CollectionLayout, _ connection: PostgresConnection,
        statements: (PostgresSchema, _ places: [Int]) -> [String],
        far: (_ place: Int, FarServer) -> [String]
    ) throws {
        let servers = try loadFarServers(connection)
        try makeFar(servers, places: layout.places, statements)
        let near = layout.placeNumbers.filter { servers[$0] == nil }
        for statement in statements(schema, near) { try connection.run(statement) }
        for place in layout.placeNumbers {
            guard let server = servers[place] else { continue }
            for statement in far(place, server) { try connection.run(statement) }
        }
    }

    /// A number that grows with every change of the collection's documents or vectors.
    package func position(of collection: CollectionRecord) throws(StoreError) -> Int64 {
        try read { connection in try position(of: collection, connection) }
    }

    func position(
        of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> Int64 {
        try connection.run(
            "SELECT coalesce(sum(changes), 0)::int8 FROM \(schema.name).tally WHERE collection = $1",
            [.integer(collection.id)])[0].integer(0)
    }

    // MARK: Records

    private var selection: String {
        """
        SELECT c.id, c.name, c.metric, c.dimensions, c.vector_type, c.model_name,
            c.model_fingerprint, c.model_path, c.model_settings, c.m, c.ef_construction,
            c.quantization, c.search_settings, t.documents, t.passages, c.places, c.generation,
            \(fields(ofCollection: "c.id"))
        FROM \(schema.name).collection AS c CROSS JOIN LATERAL (
            SELECT coalesce(sum(documents), 0)::int8 AS documents,
                coalesce(sum(passages), 0)::int8 AS passages
            FROM \(schema.name).tally WHERE collection = c.id) AS t
        """
    }

    private func record(_ row: PostgresResult.Row) throws -> CollectionRecord {
        guard let metric = Metric(rawValue: try row.text(2)),
            let elementType = VectorElement(rawValue: try row.text(4)),
            let quantization = VectorQuantization(rawValue: try row.text(11))
        else {
            throw StoreError.corrupt(
                path: location.description, detail: "a collection of an unknown kind")
        }
        let record = CollectionRecord(
            id: try row.integer(0), name: try row.text(1), metric: metric,
            dimensions: Int(try row.integer(3)), elementType: elementType,
            model: CollectionRecord.ModelRecord(
                name: try row.text(5), fingerprint: try row.text(6), path: try row.optionalText(7),
                settings: try row.text(8)),
            index: IndexOptions(
                m: Int(try row.integer(9)), efConstruction: Int(try row.integer(10)),
                quantization: quantization),
            documentCount: Int(try row.integer(13)), passageCount: Int(try row.integer(14)),
            searchSettings: try row.optionalText(12))
        let layout = CollectionLayout(
            id: record.id, schema: schema.name, places: Int(try row.integer(15)),
            generation: Int(try row.integer(16)), flavour: flavour)
        layouts.withLock { $0[record.id] = layout }
        let fields = Set(try Self.fields(row.text(17)).map { Identifier($0) })
        indexed.withLock { $0[record.id] = fields }
        return record
    }

    private func find(
        _ name: String, _ connection: PostgresConnection
    ) throws -> CollectionRecord? {
        try connection.run("\(selection) WHERE c.name = $1", [.text(name)]).rows.map {
            try record($0)
        }.first
    }

    private func require(
        id: Int64, name: String, _ connection: PostgresConnection
    ) throws -> CollectionRecord {
        let found = try connection.run("\(selection) WHERE c.id = $1", [.integer(id)])
        guard found.count == 1 else { throw StoreError.collectionMissing(name: name) }
        return try record(found[0])
    }

    func update(
        _ collection: CollectionRecord, _ change: String, _ values: [PostgresValue],
        _ connection: PostgresConnection
    ) throws -> CollectionRecord {
        try connection.run(
            "UPDATE \(schema.name).collection SET \(change) WHERE id = $1",
            [.integer(collection.id)] + values)
        return try require(id: collection.id, name: collection.name, connection)
    }

    /// Locks the collection's row: writers share it, a change of the model or the tables takes it alone.
    ///
    /// - Parameter mode: `nil` to read it only.
    func lock(
        _ collection: CollectionRecord, _ connection: PostgresConnection, _ mode: LockMode?
    ) throws -> (layout: CollectionLayout, model: CollectionModel) {
        let found = try connection.run(
            """
            SELECT places, generation, model_fingerprint, dimensions
            FROM \(schema.name).collection WHERE id = $1 \(mode?.rawValue ?? "")
            """, [.integer(collection.id)])
        guard found.count == 1 else {
            throw StoreError.collectionMissing(name: collection.name)
        }
        let layout = CollectionLayout(
            id: collection.id, schema: schema.name, places: Int(try found[0].integer(0)),
            generation: Int(try found[0].integer(1)), flavour: flavour)
        let model = CollectionModel(
            fingerprint: try found[0].text(2), dimensions: Int(try found[0].integer(3)))
        return (layout, model)
    }

    func layout(of collection: CollectionRecord) throws(StoreError) -> CollectionLayout {
        try read { connection in try layout(of: collection, connection) }
    }

    /// How the collection's tables are called, as far as this process knows.
    func layout(
        of collection: CollectionRecord, _ connection: PostgresConnection
    ) throws -> CollectionLayout {
        if let known = layouts.withLock({ $0[collection.id] }) { return known }
        return try lock(collection, connection, nil).layout
    }
}

/// How a collection's row is locked until the transaction ends.
enum LockMode: String {
    case shared = "FOR SHARE"
    case alone = "FOR UPDATE"
}

/// The model that made a collection's vectors, as of now.
struct CollectionModel {
    let fingerprint: String
    let dimensions: Int

    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded since
    ///   its record was read.
    func verify(_ record: CollectionRecord) throws(StoreError) {
        guard record.model.fingerprint == fingerprint else {
            throw .fingerprintMismatch(
                collection: record.name, expected: fingerprint, found: record.model.fingerprint)
        }
        guard record.dimensions == dimensions else {
            throw .dimensionMismatch(
                collection: record.name, expected: dimensions, found: record.dimensions)
        }
    }
}
