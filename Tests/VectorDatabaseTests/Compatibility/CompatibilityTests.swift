import DocumentStore
import Foundation
import Schema
import TestSupport
import Testing
import VectorDatabase

/// Databases of earlier versions are opened, queried, written to, checked and exported; answers are
/// compared with those recorded with them.
struct CompatibilityTests {
    /// Thresholds are lowered, so that small collections have graphs and tails.
    static func open(
        _ path: String, access: DatabaseOptions.Access = .create, seed: UInt64 = 0
    ) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.embedder = TestEmbedder(dimensions: DatabaseFixtureMaker.dimensions, seed: seed)
        options.cachePolicy.smallestGraphLag = 25
        options.cachePolicy.smallestFlatLag = 10
        options.cachePolicy.batch = 16
        return try Database(path: path, options: options)
    }

    @Test func theFixturesAreThere() {
        // Every new format needs a database of the previous one: see FixtureMaker.
        for version in 1...Schema.migrations.count {
            #expect(DatabaseFixture.all.contains { $0.name == "format-\(version)" })
        }
    }

    @Test(arguments: DatabaseFixture.all, [true, false])
    func isRead(_ fixture: DatabaseFixture, caches: Bool) async throws {
        let folder = TemporaryFolder()
        let path = try fixture.unpack(into: folder.path, caches: caches)
        // Migrates it to the newest format, so that it can be opened for reading only.
        try Self.open(path, access: .readWrite).close()
        for access in [DatabaseOptions.Access.readOnly, .readWrite] {
            let database = try Self.open(path, access: access)
            try await Expectation(database: database).holds(for: try fixture.expected())
            let report = try await database.check()
            #expect(report.isSound, "\(report.findings)")
            try database.close()
        }
    }

    @Test(arguments: DatabaseFixture.all)
    func isWrittenTo(_ fixture: DatabaseFixture) async throws {
        let folder = TemporaryFolder()
        let path = try fixture.unpack(into: folder.path)
        var expected = try fixture.expected()
        var database = try Self.open(path, access: .readWrite)
        for index in expected.collections.indices {
            try await change(&expected.collections[index], in: database)
        }
        func holds() async throws {
            try await Expectation(database: database, isChanged: true).holds(for: expected)
            let report = try await database.check()
            #expect(report.isSound, "\(report.findings)")
        }
        try await holds()
        try database.close()
        database = try Self.open(path, access: .readWrite)
        try await holds()
        try await database.compact()
        try await holds()
        let copy = folder.file("copy.vdb")
        try await database.backup(to: copy)
        try database.close()
        database = try Self.open(copy, access: .readOnly)
        try await holds()
        try database.close()
    }

    /// Inserts, replaces, changes metadata alone, deletes.
    private func change(
        _ expected: inout ExpectedDatabase.Collection, in database: Database
    ) async throws {
        let collection = database.collection(expected.name)
        var changed: [Document] = []
        for number in 0..<30 {
            changed.append(
                Document(id: "new\(number)", text: SampleTexts.text(80_000 + number) + " zebra"))
        }
        for old in expected.documents[0..<4] {
            changed.append(Document(id: old.id, text: "replaced zebra", title: old.title))
        }
        for old in expected.documents[4..<8] where old.passages.count == 1 {
            changed.append(
                Document(
                    id: old.id, text: old.text, title: old.title, metadata: ["changed": true],
                    vector: old.vector))
        }
        if expected.seed == nil, expected.dimensions > 0 {
            for index in changed.indices where changed[index].vector == nil {
                changed[index].vector = (0..<expected.dimensions).map { Float(index + $0) / 32 }
            }
        }
        let gone = expected.documents[8..<12].map(\.id)
        var options = IngestOptions()
        options.encodesText = expected.dimensions > 0
        let summary = try await collection.ingest(changed, options: options)
        #expect(summary.inserted == 30)
        #expect(summary.documents == summary.inserted + summary.replaced)
        #expect(try await collection.delete(gone) == 4)
        let ids = Set(gone + changed.map(\.id))
        expected.deleted += gone
        expected.documents.removeAll { ids.contains($0.id) }
        expected.documents += changed.map { document in
            ExpectedDatabase.Document(
                id: document.id, title: document.title, text: document.text,
                metadata: JSONValue.object(document.metadata).jsonText, passages: [document.text],
                vector: document.vector)
        }
    }

    /// This version completes a re-encoding that the earlier one began.
    @Test(arguments: DatabaseFixture.all)
    func isReencoded(_ fixture: DatabaseFixture) async throws {
        let folder = TemporaryFolder()
        let path = try fixture.unpack(into: folder.path)
        var expected = try fixture.expected()
        let database = try Self.open(path, access: .readWrite)
        for index in expected.collections.indices
        where expected.collections[index].isReencoding || index == 0 {
            let collection = database.collection(expected.collections[index].name)
            let embedder = TestEmbedder(dimensions: DatabaseFixtureMaker.dimensions, seed: 7)
            try await collection.reindex(with: embedder)
            #expect(embedder.encoded.value > 0)
            expected.collections[index].seed = 7
        }
        try await Expectation(database: database).holds(for: expected)
        let report = try await database.check()
        #expect(report.isSound, "\(report.findings)")
        try database.close()
    }

    static func passages(
        of id: String, in database: Database, collection: String
    ) throws -> [String] {
        let store = try DocumentStore(path: database.path, mode: .readOnly)
        defer { try? store.close() }
        let record = try #require(try store.collection(named: collection))
        let document = try #require(try store.document(id: id, in: record))
        return try store.passages(ofDocument: document.key, in: record).map(\.text)
    }
}
