import DocumentStore
import GRDB
import Schema
import TestSupport
import Testing

/// Databases of earlier versions are migrated to the current format, with a fault after every
/// statement of a step.
@Suite struct FixtureMigrationTests {
    /// The statements of a migration, in order.
    private static func statements(_ sql: String) throws -> [String] {
        let lines = sql.split(separator: "\n").filter { !$0.hasPrefix("--") }
        return lines.joined(separator: "\n").split(separator: ";\n").map { $0 + ";\n" }
    }

    private static func version(_ path: String) throws -> Int? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    }

    /// A step that fails after any of its statements leaves the old format, and is repeated.
    @Test(arguments: DatabaseFixture.all)
    func aStepThatFailsAnywhereIsTakenAgain(_ fixture: DatabaseFixture) throws {
        let scratch = TemporaryFolder()
        let path = try fixture.unpack(into: scratch.path, caches: false)
        let original = try #require(try Self.version(path))
        for number in original..<Schema.migrations.count {
            let before = Array(Schema.migrations[..<number])
            let migration = Schema.migrations[number]
            let statements = try Self.statements(migration.sql)
            #expect(!statements.isEmpty || !migration.tableSteps.isEmpty)
            for count in 0...statements.count {
                // All of the statements and then a fault among those of the collections' tables.
                let isWhole = count == statements.count
                let fault = "INSERT INTO no_such_table VALUES (1);"
                let broken = Schema.Migration(
                    name: migration.name,
                    sql: statements[..<count].joined() + (isWhole ? "" : fault),
                    tableSteps: isWhole
                        ? migration.tableSteps + [.init(prefix: "vector_", template: fault)] : [])
                #expect(throws: StoreError.self) {
                    try DocumentStore(
                        path: path, mode: .readWrite, migrations: before + [broken])
                }
                #expect(try Self.version(path) == number)
            }
            try DocumentStore(
                path: path, mode: .readWrite, migrations: before + [migration]
            ).close()
            #expect(try Self.version(path) == number + 1)
        }
        let store = try DocumentStore(path: path, mode: .readWrite)
        #expect(try store.check() == [])
        try requireContents(of: store, fixture)
        try store.close()
    }

    private func requireContents(of store: DocumentStore, _ fixture: DatabaseFixture) throws {
        for expected in try fixture.expected().collections {
            let collection = try #require(try store.collection(named: expected.name))
            #expect(collection.documentCount == expected.documents.count)
            for document in expected.documents {
                let stored = try #require(try store.document(id: document.id, in: collection))
                #expect(stored.title == document.title)
                #expect(
                    try store.passages(ofDocument: stored.key, in: collection).map(\.text)
                        == document.passages)
            }
        }
    }
}
