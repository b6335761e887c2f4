import DocumentStore
import FileFormat
import Foundation
import Testing

/// A folder that is removed when the test is done.
final class Scratch: Sendable {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "vdb-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String = "corpus.vdb") -> String { folder + "/" + name }
}

extension DocumentWrite {
    static func sample(
        _ id: String, title: String = "", text: String = "some text", vector: [Float] = [1, 0, 0],
        metadata: String? = nil, source: String? = nil
    ) -> DocumentWrite {
        let hasher = ContentHasher()
        for part in [title, text, metadata ?? "", "\(vector)"] { hasher.update(part) }
        return DocumentWrite(
            id: id, title: title, metadata: metadata, source: source,
            contentHash: hasher.finalize(),
            passages: [PassageWrite(text: text, tokens: 2, vector: vector)])
    }
}

extension DocumentStore {
    static func make(_ scratch: Scratch) throws -> (DocumentStore, CollectionRecord) {
        let store = try DocumentStore(path: scratch.path(), mode: .create)
        let collection = try store.createCollection(
            named: "default", dimensions: 3, model: .init(name: "test", fingerprint: "f00d"))
        return (store, collection)
    }
}

@Test func aDocumentGoesInAndComesOut() throws {
    let scratch = try Scratch()
    let (store, collection) = try DocumentStore.make(scratch)
    let outcome = try store.write(
        [
            .sample("a", title: "Cats", text: "Cats purr.", metadata: #"{"lang":"en"}"#),
            .sample("b", text: "Dogs bark while cats sleep.", vector: [0, 1, 0]),
        ], to: collection)
    #expect(outcome.documents == [.inserted, .inserted])
    let hits = try store.search(fullText: "cat", limit: 10, in: collection)
    #expect(hits.map(\.passage) == [1, 2])
    #expect(hits.allSatisfy { $0.score > 0 } || hits.count == 2)
    let passages = try store.passages(forKeys: [2, 1, 7])
    #expect(passages.map(\.documentID) == ["b", "a"])
    #expect(passages[0].text == "Dogs bark while cats sleep.")
    let vectors = try store.vectors(limit: 10, in: collection)
    #expect(vectors.keys == [1, 2])
    #expect(vectors.values == [1, 0, 0, 0, 1, 0])
    let predicate = MetadataPredicate.comparison(field: "lang", .equal, .text("en"))
    #expect(try store.passageKeys(where: predicate, in: collection) == [1])
    #expect(try store.delete(ids: ["a", "x"], from: collection).deleted == 1)
    #expect(try store.search(fullText: "cat", limit: 10, in: collection).map(\.passage) == [2])
    try store.close()
    #expect(!FileManager.default.fileExists(atPath: scratch.path() + "-wal"))
    let again = try DocumentStore(path: scratch.path(), mode: .readOnly)
    #expect(try again.requireCollection(named: "default").documentCount == 1)
    #expect(again.identity.bytes.count == 16)
    try again.close()
}
