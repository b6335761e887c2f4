import DocumentStore
import GRDB
import TestSupport
import Testing

/// A database with some damaged rows can still be used.
@Suite struct DamagedRowTests {
    private static let long = String(repeating: "again and ", count: 30)

    /// Six documents, of which 1 and 4 are changed by `sql`.
    private func make(_ scratch: TemporaryFolder, damagedBy sql: String) throws
        -> (store: DocumentStore, collection: CollectionRecord)
    {
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<6).map { .sample("\($0)", title: "title\($0)", text: "own\($0) \(Self.long)") },
            to: collection)
        try store.close()
        try execute(sql, store.path)
        return (try DocumentStore(path: store.path, mode: .readWrite), collection)
    }

    private func execute(_ sql: String, _ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    private static let damages = [
        "UPDATE passage SET text = cast(upper(text) AS BLOB) WHERE key IN (2, 5)",
        "UPDATE passage SET text = x'00ff00ff00ff' WHERE key IN (2, 5)",
        "UPDATE passage SET text_length = text_length + 7 WHERE key IN (2, 5)",
        "UPDATE document SET title = 'another' WHERE key IN (2, 5)",
        "UPDATE document SET content_hash = zeroblob(16) WHERE key IN (2, 5)",
    ]

    /// Deleted one after the other by id; afterwards nothing is left of them.
    @Test(arguments: damages) func damagedDocumentsCanBeDeleted(sql: String) throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try make(scratch, damagedBy: sql)
        #expect(try store.check().map(\.kind) == [.checksum, .checksum])
        #expect(try store.delete(ids: ["1"], from: collection).deleted == 1)
        #expect(try store.check().map(\.kind) == [.checksum])
        #expect(try store.delete(ids: ["4"], from: collection).deleted == 1)
        #expect(try store.check() == [])
        let left = try store.passages(limit: 9, in: collection)
        #expect(left.map(\.documentID) == ["0", "2", "3", "5"])
        try store.close()
    }

    /// A document that is written again, even with the same content, is sound.
    @Test(arguments: [damages[3], damages[4]])
    func damagedDocumentsAreReplaced(sql: String) throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try make(scratch, damagedBy: sql)
        let again = [1, 4].map {
            DocumentWrite.sample("\($0)", title: "title\($0)", text: "own\($0) \(Self.long)")
        }
        let known = try store.signatures(ofIDs: ["1"], in: collection)["1"]
        #expect(known != nil && known?.contentHash != again[0].contentHash)
        let outcome = try store.write(again, to: collection)
        #expect(outcome.documents == [.replaced, .replaced])
        #expect(try store.check() == [])
        #expect(
            try store.passages(limit: 9, in: collection).count { $0.text.hasPrefix("own4") } == 1)
        try store.close()
    }

    /// A damaged row never gets a valid checksum.
    @Test func damageIsNotSealed() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try make(scratch, damagedBy: Self.damages[3])
        let moved = [DocumentWrite.sample("1", source: "b.jsonl")]
        #expect(throws: StoreError.self) { try store.move(moved, in: collection) }
        #expect(try store.check().map(\.kind) == [.checksum, .checksum])
        try store.close()
        try execute("UPDATE counter SET value = value - 1 WHERE name = 'passage'", store.path)
        let other = try DocumentStore(path: store.path, mode: .readWrite)
        #expect(throws: StoreError.self) {
            try other.write([.sample("new")], to: collection)
        }
        #expect(try other.check().contains { $0.kind == .seal })
        try other.close()
    }

    /// Settings that have changed on the disk are refused, not used.
    @Test(arguments: [
        "UPDATE collection SET model_settings = '{\"k\":3}'",
        "UPDATE collection SET passage_count = 4096", "UPDATE collection SET m = 17",
    ])
    func changedSettingsAreRefused(sql: String) throws {
        let scratch = TemporaryFolder()
        let (store, _) = try make(scratch, damagedBy: sql)
        let error = #expect(throws: StoreError.self) { try store.collections() }
        guard case .corrupt(_, "the table collection")? = error else {
            Issue.record("\(error as Any)")
            return
        }
        try store.close()
    }
}
