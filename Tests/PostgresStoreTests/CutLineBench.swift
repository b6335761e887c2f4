import Foundation
import PostgresStore
import Storage
import TestSupport
import Testing

/// A database whose collection has documents, and a line to it that can be cut.
struct CutLineBench {
    let cutter: LineCutter
    let location: PostgresLocation
    /// Not by that line.
    let witness: PostgresStore
    let connection: PostgresConnection
    private let pooler: TestPooler?

    /// - Parameter isPooled: whether a pooler is between the client and the line.
    init(places: Int, isPooled: Bool = false) throws {
        cutter = try LineCutter(server: TestServer.host())
        let uri = try TestServer.directDatabase()
        pooler = try isPooled ? TestPooler(before: cutter.host) : nil
        let line = cutter.uri(uri).replacing(cutter.host, with: pooler?.host ?? cutter.host)
        location = try #require(PostgresLocation(line + "&application_name=cut"))
        witness = try PostgresStore(
            try #require(PostgresLocation(uri)), mode: .create, places: places)
        connection = try PostgresConnection(uri)
    }

    /// Everything that was there is gone, and the collection is there as at first.
    func reset(_ operation: WritingOperation) throws -> CollectionRecord {
        for table in ["work", "job"] { try connection.run("DELETE FROM vdb.\(table)") }
        let collection: CollectionRecord
        if !operation.changesTables, let present = try witness.collection(named: "notes") {
            // Faster than to make its tables again.
            for table in ["document", "passage", "posting", "gone"] {
                try connection.run("DELETE FROM vdb.\(table)_\(present.id)")
            }
            try connection.run("DELETE FROM vdb.vector_\(present.id)_1")
            try connection.run("UPDATE vdb.tally SET documents = 0, passages = 0, words = 0")
            collection = present
        } else {
            for collection in try witness.collections() { try witness.dropCollection(collection) }
            collection = try witness.makeCollection()
        }
        _ = try witness.write(WritingOperation.stored, to: collection, onConflict: .replace)
        try operation.prepare(witness, collection)
        return try witness.current(collection)
    }

    /// Waits until the server has ended what clients on lines that were cut have begun.
    func settle() throws {
        while try connection.run(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'cut' AND state <> 'idle'
            """)[0].integer(0) > 0
        { usleep(2000) }
    }

    func content() throws -> [String] { try StoreContent(connection).lines }

    /// Cuts the line once at each message of a call, which must do what it does on a line that is whole.
    func cutOnce(_ operation: WritingOperation) throws {
        let store = try PostgresStore(location, mode: .readWrite, timeout: .seconds(100))
        let answer = try operation.run(store, reset(operation))
        let after = try content()
        var cuts = 0
        var random = RandomSource.forTest()
        for moment in LineCutter.Moment.allCases {
            // Every other message, from the first or the second.
            for number in stride(from: 1 + Int(random.next() % 2), to: .max, by: 2) {
                let collection = try reset(operation)
                cutter.cut(moment, number)
                let context: Comment = "\(moment) \(number)"
                do {
                    #expect(try operation.run(store, collection) == answer, context)
                } catch { Issue.record("\(context): \(error)") }
                let wasCut = cutter.mend()
                try settle()
                #expect(try content() == after, context)
                #expect(try witness.check() == [], context)
                if !wasCut { break }
                cuts += 1
            }
        }
        print("\(cuts) cuts in: \(operation.testDescription)")
        #expect(cuts >= 3)
    }
}

/// All that a database has, apart from keys, and from where its rows are.
struct StoreContent {
    var lines: [String] = []

    init(_ connection: PostgresConnection) throws {
        func add(_ sql: String) throws {
            for row in try connection.run("SELECT r::text FROM (\(sql)) AS r ORDER BY 1").rows {
                lines.append(try row.text(0))
            }
        }
        let collections = try connection.run(
            "SELECT id, generation, staged_model IS NOT NULL FROM vdb.collection ORDER BY name")
        for row in collections.rows {
            let (id, generation) = (try row.integer(0), try row.integer(1))
            try add(
                """
                SELECT name, metric, dimensions, places, model_fingerprint, m, generation,
                    staged_model, search_settings, (SELECT (sum(documents), sum(passages), sum(words))
                        FROM vdb.tally WHERE collection = c.id)
                FROM vdb.collection AS c WHERE id = \(id)
                """)
            let last = try row.boolean(2) ? generation + 1 : generation
            for generation in generation...last {
                try add(
                    """
                    SELECT d.place, d.id, d.title, d.metadata, d.source, d.source_position,
                        d.content_hash, p.ordinal, p.text_start, p.tokens, p.text, v.value
                    FROM vdb.document_\(id) AS d
                    LEFT JOIN vdb.passage_\(id) AS p ON p.place = d.place AND p.document = d.key
                    LEFT JOIN vdb.vector_\(id)_\(generation) AS v
                        ON v.place = p.place AND v.passage = p.key
                    """)
            }
        }
        try add(
            """
            SELECT j.collection, j.name, w.unit, w.state, w.position, w.attempt, w.worker, w.documents,
                w.failed, w.error FROM vdb.work AS w JOIN vdb.job AS j ON j.id = w.job
            """)
        // Tables and graphs: none is left by a transaction that was undone.
        try add(
            """
            SELECT regexp_replace(relname, '_[0-9]+', '_N') FROM pg_class
            WHERE relnamespace = 'vdb'::regnamespace AND relkind IN ('r', 'p', 'i')
                AND relname ~ '^(document|passage|vector|posting|gone)_'
            """)
    }
}
