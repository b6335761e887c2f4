import FileFormat
import PostgresStore
import Storage
import TestSupport
import Testing

@Suite(.needsServer)
struct MaintenanceTests {
    private let location: PostgresLocation
    private let store: PostgresStore
    private let collection: CollectionRecord

    init() throws {
        location = try TestServer.location()
        store = try PostgresStore(location, mode: .create, places: 2)
        collection = try store.makeCollection()
        _ = try store.write(
            (0..<30).map {
                .sample(
                    "d\($0)", "text \($0) ", "more", metadata: $0 % 2 == 0 ? #"{"n":\#($0)}"# : nil,
                    source: $0 < 10 ? "a/b" : $0 < 20 ? "a/b/c" : "a/bc")
            }, to: collection, onConflict: .replace)
    }

    @Test("A synchronizing run knows what it has seen, of files and folders")
    func synchronizing() throws {
        #expect(try store.documents(ofSources: ["a/b"], in: collection).count == 20)
        #expect(try store.documents(ofSources: ["a/b/c", "none"], in: collection).count == 10)
        try store.beginSync()
        try store.markSeen(ids: ["d1", "d2", "d25"])
        let documents = try store.documentsSeen(ofSources: ["a/b"], in: collection)
        #expect(Set(documents.filter(\.isSeen).map(\.id)) == ["d1", "d2"])
        try store.move([.sample("d1", source: "moved")], in: collection)
        #expect(try store.document(id: "d1", in: collection)?.source == "moved")
        let keys = documents.filter { !$0.isSeen }.map(\.key)
        #expect(try store.delete(documentKeys: keys + [.max], from: collection).deleted == 18)
        #expect(try store.check().isEmpty)
    }

    @Test("Metadata change without the text, and filters delete")
    func metadata() throws {
        let hash = DocumentWrite.sample("x", "y").contentHash
        let changes = [
            MetadataWrite(id: "d1", metadata: #"{"n":99}"#, contentHash: hash),
            MetadataWrite(id: "none", metadata: nil, contentHash: hash),
        ]
        #expect(try store.setMetadata(changes, in: collection) == 1)
        let changed = try #require(try store.document(id: "d1", in: collection))
        #expect(changed.metadata == #"{"n": 99}"# && changed.contentHash == hash)
        let outcome = try store.delete(
            where: .comparison(field: "n", .less, .integer(10)), from: collection)
        #expect(outcome.deleted == 5)
        var found: [String?] = []
        try store.forEachMetadata(in: collection) { found.append($0) }
        #expect(found.count == 25 && found.count { $0 == nil } == 14)
        let sample = try store.sampleOfMetadata(in: collection)
        #expect(sample.count == 25 && sample.count { $0 == nil } == 14)
    }

    @Test("Leading passages, and the text before a passage")
    func reading() throws {
        let all = try store.leadingPassages(in: collection)
        #expect(Set(all.map(\.documentID)).count == 30)
        let few = try store.leadingPassages(ofIDs: ["d1", "none", "d9"], in: collection)
        #expect(Set(few.map(\.documentID)) == ["d1", "d9"])
        let spread = try store.leadingPassages(at: [0, 0.3, 0.6, 0.9], in: collection)
        #expect((2...4).contains(spread.count) && spread.allSatisfy { all.contains($0) })
        #expect(
            try store.text(ofDocument: "d7", before: 1, limit: 100, in: collection) == "text 7 ")
        #expect(try store.text(ofDocument: "d7", before: 1, limit: 6, in: collection) == nil)
        #expect(try store.text(ofDocument: "d7", before: 2, limit: 100, in: collection) == nil)
    }

    @Test("Re-encoding goes on beside writers, and replaces all vectors at once")
    func reencoding() throws {
        let model = StagedModel(model: .init(name: "n", fingerprint: "n-1"), dimensions: 3)
        let other = try PostgresStore(location, mode: .readOnly)
        #expect(
            try other.nearest(to: [1, 1], limit: 1, by: .exact, in: collection).passages.count == 2)
        #expect(throws: StoreError.nothingStaged(collection: "notes")) {
            try store.stagedThrough(in: collection)
        }
        try store.beginStaging(model, in: collection)
        try store.beginStaging(model, in: collection)
        #expect(throws: StoreError.alreadyStaged(collection: "notes", fingerprint: "n-1")) {
            try store.beginStaging(
                StagedModel(model: .init(name: "o", fingerprint: "o-1"), dimensions: 3),
                in: collection)
        }
        func stageAll() throws {
            var last = try store.stagedThrough(in: collection)
            while true {
                let page = try store.passages(after: last, limit: 20, in: collection)
                guard let end = page.last else { return }
                try store.stageVectors(page.map { ($0.key, [1, 2, 3]) }, in: collection)
                last = end.key
            }
        }
        try stageAll()
        _ = try store.write([.sample("late", "x")], to: collection, onConflict: .replace)
        _ = try store.delete(ids: ["d3"], from: collection)
        #expect(throws: StoreError.stagingIncomplete(collection: "notes", missing: 1)) {
            try store.commitStaging(in: collection)
        }
        try stageAll()
        let record = try store.commitStaging(in: collection)
        #expect(record.dimensions == 3 && record.model == model.model)
        #expect(try store.staging(of: record) == nil)
        #expect(try store.check().isEmpty)
        #expect(
            throws: StoreError.fingerprintMismatch(
                collection: "notes", expected: "n-1", found: "letters-1")
        ) {
            try store.write([.sample("x", "y")], to: collection, onConflict: .replace)
        }
        let near = try store.nearest(to: [1, 1, 1], limit: 100, by: .exact, in: record)
        // As another process, which knew the tables as they were.
        #expect(throws: StoreError.self) {
            try other.nearest(to: [1, 1], limit: 1, by: .exact, in: collection)
        }
        #expect(
            try other.nearest(to: [1, 1, 1], limit: 100, by: .exact, in: record).passages.count
                == near.passages.count)
        #expect(near.passages.count == record.passageCount)
        try store.beginStaging(model, in: record)
        try store.discardStaging(in: record)
        #expect(try store.staging(of: record) == nil)
    }

    @Test("A copy has everything and goes its own way")
    func copies() throws {
        #expect(throws: StoreError.collectionExists(name: "notes")) {
            try store.copyCollection(collection, to: "notes")
        }
        let copy = try store.copyCollection(collection, to: "copy")
        #expect(copy.documentCount == 30 && copy.passageCount == 60)
        _ = try store.write([.sample("new", "x")], to: copy, onConflict: .replace)
        _ = try store.delete(ids: ["d1"], from: collection)
        #expect(try store.current(copy).documentCount == 31)
        #expect(try store.current(collection).documentCount == 29)
        #expect(try store.document(id: "d1", in: copy)?.id == "d1")
        #expect(try store.check().isEmpty)
        try store.dropCollection(collection)
        #expect(try store.check().isEmpty && store.collections().map(\.name) == ["copy"])
    }

    @Test("A check finds lost rows and wrong counts")
    func damage() throws {
        let connection = try PostgresConnection(location.uri)
        let vectors = "vdb.vector_\(collection.id)_1"
        try connection.run(
            "DELETE FROM \(vectors) WHERE passage = (SELECT min(passage) FROM \(vectors))")
        #expect(try store.check().map(\.kind) == [.vector])
        try connection.run("UPDATE vdb.tally SET documents = documents + 1 WHERE slot = 0")
        #expect(try store.check().map(\.kind) == [.count, .vector])
        try connection.run(
            "UPDATE vdb.passage_\(collection.id) SET text = '\\x00', text_length = 9 WHERE ordinal = 1"
        )
        // The words of both places.
        #expect(try store.check().map(\.kind) == [.count, .vector, .text, .words, .words])
    }
}
