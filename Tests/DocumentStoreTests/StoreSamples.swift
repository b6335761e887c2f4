import DocumentStore
import FileFormat
import Foundation
import TestSupport

extension DocumentWrite {
    /// A document of one passage, or of the given texts; its hash covers all of it.
    static func sample(
        _ id: String, title: String = "", text: String = "some text", texts: [String]? = nil,
        vector: [Float] = [1, 0, 0], metadata: String? = nil, source: String? = nil
    ) -> DocumentWrite {
        let texts = texts ?? [text]
        let hasher = ContentHasher()
        for part in [title] + texts + [metadata ?? "", "\(vector)"] { hasher.update(part) }
        var start = 0
        let passages = texts.map { text in
            defer { start += text.utf8.count }
            return PassageWrite(text: text, start: start, tokens: 2, vector: vector)
        }
        return DocumentWrite(
            id: id, title: title, metadata: metadata, source: source,
            contentHash: hasher.finalize(), passages: passages)
    }
}

extension DocumentStore {
    /// A new database with the collection `default`, of three dimensions.
    static func make(
        _ scratch: TemporaryFolder, elementType: VectorElement = .float32
    ) throws -> (store: DocumentStore, collection: CollectionRecord) {
        let store = try DocumentStore(path: scratch.file("corpus.vdb"), mode: .create)
        let collection = try store.createCollection(
            named: "default", dimensions: 3, elementType: elementType,
            model: .init(name: "test", fingerprint: "f00d"))
        return (store, collection)
    }

    func current(_ collection: CollectionRecord) throws -> CollectionRecord {
        try requireCollection(named: collection.name)
    }
}
