import Foundation
import PostgresStore
import Storage
import TestSupport
import TextBytes
import Testing

@Suite(.needsServer)
struct StoreTests {
    private let location: PostgresLocation

    init() throws { location = try TestServer.location() }

    @Test("Documents of a batch have keys in its order, whatever their places")
    func keys() throws {
        let store = try PostgresStore(try TestServer.location(), mode: .create, places: 3)
        let collection = try store.makeCollection()
        let ids = (0..<30).map { "d\($0 * 7 % 30)" }
        _ = try store.write(
            ids.map { .sample($0, "text", "more") }, to: collection, onConflict: .replace)
        let stored = try store.documents(after: nil, limit: 100, in: collection)
        #expect(stored.sorted { $0.key < $1.key }.map(\.id) == ids)
    }

    @Test("A database is made once, whoever comes first, and keeps its identity")
    func creation() async throws {
        #expect(throws: StoreError.missing(path: location.description)) {
            try PostgresStore(location, mode: .readWrite)
        }
        let identities = try await withThrowingTaskGroup(of: StoreIdentity.self) { group in
            for _ in 0..<4 {
                group.addTask { [location] in try PostgresStore(location, mode: .create).identity }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(identities.count == 4 && identities.allSatisfy { $0 == identities[0] })
        let reader = try PostgresStore(location, mode: .readOnly)
        #expect(reader.identity == identities[0] && reader.identity.bytes.count == 16)
        #expect(throws: StoreError.readOnly(path: location.description)) {
            try reader.makeCollection()
        }
        reader.close()
        #expect(throws: StoreError.closed(path: location.description)) { try reader.collections() }
    }

    @Test("Two schemas of one database are two databases, whatever they are called")
    func schemas() throws {
        let other = try #require(
            PostgresLocation(location.uri + "&schema=" + "a%20%22b%22%3B--%24"))
        let (first, second) = (
            try PostgresStore(location, mode: .create), try PostgresStore(other, mode: .create)
        )
        _ = try first.makeCollection()
        #expect(first.identity != second.identity)
        #expect(try second.collections().isEmpty)
        let collection = try second.makeCollection()
        #expect(
            try second.write([.sample("a", "x")], to: collection, onConflict: .replace).documents
                == [.inserted])
    }

    @Test("Another program's tables, and a newer format, are refused")
    func foreign() throws {
        let connection = try PostgresConnection(location.uri)
        try connection.run("CREATE SCHEMA vdb")
        try connection.run("CREATE TABLE vdb.property (name text, value text)")
        #expect(throws: StoreError.notADatabase(path: location.description)) {
            try PostgresStore(location, mode: .create)
        }
        try connection.run("DROP SCHEMA vdb CASCADE")
        try PostgresStore(location, mode: .create).close()
        try connection.run("UPDATE vdb.property SET value = '9' WHERE name = 'format'")
        #expect(
            throws: StoreError.newerFormat(path: location.description, found: 9, supported: 2)
        ) {
            try PostgresStore(location, mode: .readOnly)
        }
        try connection.run("UPDATE vdb.property SET value = '1' WHERE name = 'format'")
        #expect(
            throws: StoreError.unavailable(
                path: location.description,
                reason: "its tables have version 1, which no release has written")
        ) {
            try PostgresStore(location, mode: .readOnly)
        }
    }

    @Test("Collections are made, renamed and deleted with all that they have")
    func collections() throws {
        let store = try PostgresStore(location, mode: .create, places: 2)
        let collection = try store.makeCollection("b")
        #expect(throws: StoreError.collectionExists(name: "b")) { try store.makeCollection("b") }
        _ = try store.makeCollection("a")
        #expect(try store.collections().map(\.name) == ["a", "b"])
        _ = try store.write([.sample("x", "text")], to: collection, onConflict: .replace)
        #expect(throws: StoreError.collectionExists(name: "a")) {
            try store.renameCollection(collection, to: "a")
        }
        let renamed = try store.renameCollection(collection, to: "c")
        #expect(renamed.id == collection.id && renamed.documentCount == 1)
        let settings = try store.updateSearchSettings(#"{"k1": 1}"#, of: renamed)
        #expect(settings.searchSettings == #"{"k1": 1}"#)
        try store.dropCollection(renamed)
        #expect(try store.collections().map(\.name) == ["a"])
        #expect(throws: StoreError.collectionMissing(name: "c")) {
            try store.write([.sample("x", "text")], to: renamed, onConflict: .replace)
        }
        let left = try PostgresConnection(location.uri).run(
            "SELECT count(*) FROM pg_class WHERE relname ~ ('^[a-z]+_' || $1 || '(_|$)')",
            [.text("\(renamed.id)")])
        #expect(try left[0].integer(0) == 0)
    }

    @Test("What cannot be stored is refused and named, and nothing of its batch stays")
    func refusals() throws {
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        let long = String(repeating: "é", count: 1001)
        let refused: [(DocumentWrite, StoreError)] = [
            (.sample("", "x"), .invalidName(document: "")),
            (.sample("a\u{0}", "x"), .invalidName(document: "a\u{0}")),
            (.sample(long, "x"), .tooLarge(document: long, bytes: 2002, limit: 2000)),
            (.sample("m", "x", metadata: "[1]"), .invalidMetadata(document: "m")),
            (.sample("m", "x", metadata: "{"), .invalidMetadata(document: "m")),
            (.sample("m", "x", metadata: #"{"a":"\u0000"}"#), .nulInMetadata(document: "m")),
        ]
        for (document, error) in refused {
            #expect(throws: error) {
                try store.write(
                    [.sample("good", "x"), document], to: collection, onConflict: .replace)
            }
            #expect(try store.document(id: "good", in: collection) == nil)
        }
        var document = DocumentWrite.sample("v", "x")
        document.passages[0].vector = [1, .nan]
        #expect(throws: StoreError.vectorNotFinite(document: "v", passage: 0)) {
            try store.write([document], to: collection, onConflict: .replace)
        }
        #expect(try store.document(id: "a\u{0}", in: collection) == nil)
        // In a text there may be one.
        _ = try store.write(
            [.sample("n", "a\u{0}b")], to: collection, onConflict: .replace)
        let key = try #require(try store.document(id: "n", in: collection)?.key)
        #expect(try store.text(ofDocument: key, in: collection).utf8.elementsEqual("a\u{0}b".utf8))
    }

    @Test("Passages and metadata are read by their keys, and signatures by ids")
    func reading() throws {
        let store = try PostgresStore(location, mode: .create, places: 4)
        let collection = try store.makeCollection()
        let batch = (0..<20).map {
            DocumentWrite.sample(
                "d\($0)", "first \($0)", "second", title: "T",
                metadata: $0 % 2 == 0 ? #"{"n":\#($0)}"# : nil, source: "s")
        }
        _ = try store.write(batch, to: collection, onConflict: .replace)
        var listed: [PassageRecord] = []
        while true {
            let page = try store.passages(
                after: listed.last?.key ?? 0, limit: 7, in: collection)
            if page.isEmpty { break }
            listed += page
        }
        #expect(listed.count == 40 && listed.map(\.key) == listed.map(\.key).sorted())
        let keys = [listed[30].key, listed[2].key, .max, listed[9].key]
        let found = try store.passages(forKeys: keys, in: collection)
        #expect(found == [listed[30], listed[2], listed[9]])
        let documents = Set(listed.map(\.documentKey))
        let metadata = try store.metadata(ofDocuments: Array(documents), in: collection)
        #expect(metadata.count == 10 && metadata.values.allSatisfy { $0.hasPrefix(#"{"n": "#) })
        let signatures = try store.signatures(ofIDs: ["d3", "none", "d4"], in: collection)
        #expect(Set(signatures.keys) == [Identifier("d3"), Identifier("d4")])
        #expect(signatures[Identifier("d3")]?.contentHash == batch[3].contentHash)
        #expect(signatures[Identifier("d3")]?.source == "s")
    }

    @Test("Many writers of the same ids leave each document once, and right counts")
    func concurrentWriters() async throws {
        let store = try PostgresStore(
            location, mode: .create, places: 2, timeout: .seconds(300))
        let collection = try store.makeCollection()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                // Of its own connections, as if it were another process.
                let store = try PostgresStore(
                    location, mode: .readWrite, timeout: .seconds(300))
                group.addTask {
                    for round in 0..<10 {
                        let batch = (0..<8).map { number in
                            DocumentWrite.sample("d\(number)", "\(writer) \(round)", "more")
                        }
                        _ = try store.write(
                            writer % 2 == 0 ? batch : batch.reversed(), to: collection,
                            onConflict: .replace)
                        if round % 3 == 0 {
                            _ = try store.delete(ids: ["d\(writer)"], from: collection)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let documents = try store.documents(after: nil, limit: 100, in: collection)
        #expect(Set(documents.map(\.id)).count == documents.count)
        let passages = try store.passages(after: 0, limit: 1000, in: collection)
        #expect(passages.count == 2 * documents.count)
        let record = try store.current(collection)
        #expect(record.documentCount == documents.count)
        #expect(record.passageCount == passages.count)
        let vectors = try store.vectors(forKeys: passages.map(\.key), in: collection)
        #expect(vectors.keys == passages.map(\.key))
    }
}
