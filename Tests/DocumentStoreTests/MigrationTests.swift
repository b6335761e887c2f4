import DocumentStore
import Foundation
import GRDB
import Schema
import TestSupport
import Testing

/// Databases of format 1, made by removing what formats 2 and 3 added and restoring what format 4
/// removed, and interrupted migrations.
///
/// The compatibility tests have a database that was written by format 1's own version.
@Suite struct MigrationTests {
    /// A database of format 1 with 5,000 passages in two collections, one of them half re-encoded.
    static func makeFormat1(_ scratch: TemporaryFolder) throws -> (path: String, documents: Int) {
        let (store, collection) = try DocumentStore.make(scratch)
        let other = try store.createCollection(
            named: "other", dimensions: 2, model: .init(name: "test", fingerprint: "f00d"))
        let documents = (0..<2500).map { number in
            DocumentWrite.sample(
                "\(number)", title: "title \(number)", text: "some text of number \(number)",
                vector: [Float(number), 1, 2], metadata: #"{"n":\#(number)}"#, source: "a.jsonl")
        }
        _ = try store.write(documents, to: collection)
        _ = try store.write(
            documents.map { .sample($0.id, vector: [Float($0.id) ?? 0, 1]) }, to: other)
        try store.beginStaging(
            .init(model: .init(name: "new", fingerprint: "beef"), dimensions: 2), in: collection)
        try store.stageVectors([(1, [1, 0]), (2, [0, 1])], in: collection)
        try store.close()
        let queue = try DatabaseQueue(path: store.path)
        try queue.write { database in
            for table in [
                "document", "passage", "source", "change", "vector_1", "vector_2",
                "staged_vector_1",
            ] {
                try database.execute(sql: "ALTER TABLE \(table) DROP COLUMN checksum")
            }
            try database.execute(
                sql: """
                    ALTER TABLE change DROP COLUMN token;
                    ALTER TABLE collection DROP COLUMN changes_pruned_token;
                    ALTER TABLE collection DROP COLUMN search_settings;
                    DROP TABLE backfill;
                    DROP TABLE seal;
                    PRAGMA user_version = 1;
                    """)
            try addFullText(to: [1, 2], in: database)
        }
        try queue.close()
        return (store.path, documents.count)
    }

    /// The full-text tables of formats 1 to 3.
    static func addFullText(to collections: [Int], in database: GRDB.Database) throws {
        for id in collections {
            try database.execute(
                sql: """
                    CREATE VIRTUAL TABLE full_text_\(id) USING fts5 (
                        title, text, content = '', tokenize = 'porter unicode61');
                    CREATE VIRTUAL TABLE full_text_term_\(id)
                        USING fts5vocab ('full_text_\(id)', 'row');
                    INSERT INTO full_text_\(id) (rowid, title, text)
                        SELECT p.key, d.title, 'some words of passage ' || p.key
                        FROM passage AS p JOIN document AS d ON d.key = p.document
                        WHERE d.collection = \(id);
                    """)
        }
    }

    /// A database of format 3 with 40 documents.
    static func makeFormat3(_ scratch: TemporaryFolder) throws -> String {
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<40).map { .sample("\($0)", text: "text \($0)") }, to: collection)
        try store.close()
        let queue = try DatabaseQueue(path: store.path)
        try queue.write { database in
            try addFullText(to: [1], in: database)
            try database.execute(
                sql: """
                    ALTER TABLE collection DROP COLUMN search_settings;
                    PRAGMA user_version = 3
                    """)
        }
        try queue.close()
        return store.path
    }

    private static func tables(_ path: String) throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { database in
            try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_schema WHERE name LIKE 'full_text%'")
        }
    }

    @Test func theFullTextGoes() throws {
        let scratch = TemporaryFolder()
        let path = try Self.makeFormat3(scratch)
        #expect(try !Self.tables(path).isEmpty)
        let store = try DocumentStore(path: path, mode: .readWrite)
        let collection = try store.requireCollection(named: "default")
        _ = try store.delete(ids: ["3"], from: collection)
        #expect(try store.passages(limit: 99, in: collection).count == 39)
        #expect(try store.check() == [])
        try store.close()
        #expect(try Self.tables(path).isEmpty)
    }

    /// Tables that cannot be dropped are left unused, and the rest is migrated.
    @Test(arguments: [
        "DROP TABLE full_text_1_config", "DROP TABLE full_text_1_data",
        "DELETE FROM full_text_1_data", "UPDATE full_text_1_data SET block = x'ff'",
        "UPDATE full_text_1_config SET v = 99",
    ])
    func aDamagedFullTextStopsNoMigration(sql: String) throws {
        let scratch = TemporaryFolder()
        let path = try Self.makeFormat3(scratch)
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
        let store = try DocumentStore(path: path, mode: .readWrite)
        #expect(store.identity.formatVersion == Schema.migrations.count)
        let collection = try store.requireCollection(named: "default")
        _ = try store.write([.sample("new", text: "another")], to: collection)
        _ = try store.delete(ids: ["3"], from: collection)
        #expect(try store.passages(limit: 99, in: collection).count == 40)
        try store.dropCollection(collection)
        try store.close()
        try DocumentStore(path: path, mode: .readWrite).close()
    }

    /// If it cannot be written to, format 3 is read as it is. (SQLite cannot make its shared memory
    /// here, as in a read-only folder; but that also holds for a user who may write everywhere.)
    @Test func aDatabaseOfFormat3ThatCannotBeMigratedIsRead() throws {
        let scratch = TemporaryFolder()
        let path = try Self.makeFormat3(scratch)
        try FileManager.default.createDirectory(
            atPath: path + "-shm", withIntermediateDirectories: false)
        let reader = try DocumentStore(path: path, mode: .readOnly)
        #expect(reader.identity.formatVersion == 3)
        let collection = try reader.requireCollection(named: "default")
        #expect(try reader.passages(limit: 99, in: collection).count == 40)
        #expect(try reader.check() == [])
        try reader.close()
        try FileManager.default.removeItem(atPath: path + "-shm")
        #expect(try !Self.tables(path).isEmpty)
    }

    static func schema(_ path: String) throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { database in
            try Row.fetchAll(
                database, sql: "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE '%fts%'"
            ).map { row in
                let sql = (row[1] as String?) ?? ""
                // Columns, in any layout.
                return (row[0] as String) + ": "
                    + sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    .replacing(" )", with: ")").replacing("( ", with: "(")
            }.sorted()
        }
    }

    @Test func anOlderDatabaseGetsItsChecksums() throws {
        let scratch = TemporaryFolder()
        let (path, count) = try Self.makeFormat1(scratch)
        // A reader migrates it, too.
        let reader = try DocumentStore(path: path, mode: .readOnly)
        #expect(reader.identity.formatVersion == Schema.migrations.count)
        #expect(try reader.check().isEmpty)
        let collection = try reader.requireCollection(named: "default")
        #expect(try reader.document(id: "77", in: collection)?.title == "title 77")
        #expect(try reader.vectors(limit: count, in: collection).count == count)
        try reader.close()
        // From then on the checksums protect the rows.
        let queue = try DatabaseQueue(path: path)
        try queue.write {
            try $0.execute(
                sql: "UPDATE vector_2 SET value = x'0000803f0000003f' WHERE passage = 2600")
        }
        try queue.close()
        let store = try DocumentStore(path: path, mode: .readWrite)
        #expect(try store.check().map(\.kind) == [.checksum])
        // The unfinished re-encoding continues.
        let staged = try store.stagedThrough(in: collection)
        #expect(staged == 2)
        let rest = (3...Int64(count)).map { (passage: $0, vector: [Float($0), 1]) }
        try store.stageVectors(rest, in: collection)
        let new = try store.commitStaging(in: collection)
        #expect(try store.vectors(limit: count, in: new).count == count)
        try store.close()
    }

    @Test func aMigratedDatabaseHasTheTablesOfANewOne() throws {
        let scratch = TemporaryFolder()
        let (path, _) = try Self.makeFormat1(scratch)
        var store = try DocumentStore(path: path, mode: .readWrite)
        try store.discardStaging(in: store.requireCollection(named: "default"))
        try store.close()
        store = try DocumentStore(path: scratch.file("new.vdb"), mode: .create)
        for name in ["default", "other"] {
            _ = try store.createCollection(
                named: name, dimensions: 3, model: .init(name: "test", fingerprint: "f00d"))
        }
        try store.close()
        #expect(try Self.schema(path) == Self.schema(store.path))
    }

    /// Interrupted after any number of batches: everything can be read, and the rest is filled in
    /// later.
    @Test(arguments: [0, 1, 2, 1999, 2000, 4321])
    func anInterruptedMigrationGoesOn(filled: Int) throws {
        let scratch = TemporaryFolder()
        let (path, count) = try Self.makeFormat1(scratch)
        try DocumentStore(path: path, mode: .readWrite).close()
        // The state left by a process that was killed after filling in that many passages.
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: """
                    UPDATE passage SET checksum = NULL WHERE key > \(filled);
                    UPDATE vector_1 SET checksum = NULL;
                    INSERT INTO backfill VALUES ('passage', \(filled)), ('vector_1', 0);
                    """)
        }
        try queue.close()
        let reader = try DocumentStore(path: path, mode: .readOnly)
        let collection = try reader.requireCollection(named: "default")
        #expect(try reader.check().isEmpty)
        #expect(try reader.passages(limit: 9999, in: collection).count == count)
        try reader.close()
        let store = try DocumentStore(path: path, mode: .readWrite)
        #expect(try store.check().isEmpty)
        try store.close()
        let check = try DatabaseQueue(path: path)
        let left = try check.read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT (SELECT count(*) FROM backfill)
                        + (SELECT count(*) FROM passage WHERE checksum IS NULL)
                        + (SELECT count(*) FROM vector_1 WHERE checksum IS NULL)
                    """)
        }
        try check.close()
        #expect(left == 0)
    }
}
