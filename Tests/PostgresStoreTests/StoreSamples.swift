import FileFormat
import PostgresStore
import Storage

/// What both stores offer of writing and reading documents.
protocol WritingStore: Sendable {
    func collection(named name: String) throws(StoreError) -> CollectionRecord?
    func createCollection(
        named name: String, metric: Metric, dimensions: Int, elementType: VectorElement,
        model: CollectionRecord.ModelRecord, index: IndexOptions, searchSettings: String?
    ) throws(StoreError) -> CollectionRecord
    func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy
    ) throws(StoreError) -> BatchOutcome
    func delete(
        ids: [String], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome
    func document(
        id: String, in collection: CollectionRecord
    ) throws(StoreError) -> DocumentRecord?
    func documents(
        after id: String?, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [DocumentRecord]
    func passages(
        ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord]
    func vectors(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> VectorBatch
}

extension PostgresStore: WritingStore {}

extension WritingStore {
    /// A collection of vectors of two dimensions.
    func makeCollection(_ name: String = "notes") throws -> CollectionRecord {
        try createCollection(
            named: name, metric: .innerProduct, dimensions: 2, elementType: .float32,
            model: .init(name: "letters", fingerprint: "letters-1"), index: .init(),
            searchSettings: nil)
    }

    func current(_ collection: CollectionRecord) throws -> CollectionRecord {
        guard let record = try self.collection(named: collection.name) else {
            throw StoreError.collectionMissing(name: collection.name)
        }
        return record
    }
}

extension DocumentWrite {
    /// A document whose vectors tell its texts.
    static func sample(
        _ id: String, _ texts: String..., title: String = "", metadata: String? = nil,
        source: String? = nil
    ) -> DocumentWrite {
        sample(id, texts, title: title, metadata: metadata, source: source)
    }

    static func sample(
        _ id: String, _ texts: [String], title: String = "", metadata: String? = nil,
        source: String? = nil
    ) -> DocumentWrite {
        var start = 0
        var passages: [PassageWrite] = []
        for text in texts {
            let length = text.utf8.count
            passages.append(
                PassageWrite(
                    text: text, start: start, tokens: length / 4,
                    vector: [Float(length), Float(text.utf8.first ?? 0)]))
            start += length
        }
        var content = ([title, metadata ?? "", source ?? ""] + texts).joined(separator: "\u{1}")
        let hash = content.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)) }
        return DocumentWrite(
            id: id, title: title, metadata: metadata, source: source,
            sourcePosition: source.map { Int64($0.utf8.count) }, contentHash: hash,
            passages: passages)
    }
}
