import DocumentStore
import Foundation
import JSON
import TextBytes

extension DocumentCollection {
    /// A document as it was given, or `nil` if there is none with this id.
    ///
    /// - Parameters:
    ///   - id: compared by its bytes.
    ///   - includesVector: whether a document of one passage comes with its vector.
    public func document(_ id: String, includesVector: Bool = false) throws -> Document? {
        try rethrowing {
            let record = try requireRecord()
            return try store.document(id: id, in: record).map {
                try document($0, in: record, includesVector: includesVector)
            }
        }
    }

    /// Those of `ids` that are there.
    package func existing(_ ids: [String]) throws -> Set<Identifier> {
        try rethrowing {
            Set(try store.signatures(ofIDs: ids, in: requireRecord()).keys)
        }
    }

    /// Documents in the order of their identifiers' bytes, from the one after `id`.
    ///
    /// - Parameters:
    ///   - includesVectors: of documents that are one passage, and of the passages that are included.
    ///   - includesPassages: of documents that are cut into several.
    public func documents(
        after id: String? = nil, limit: Int = 100, includesVectors: Bool = false,
        includesPassages: Bool = false
    ) throws -> [Document] {
        try rethrowing {
            let record = try requireRecord()
            return try store.documents(after: id, limit: limit, in: record).map {
                try document(
                    $0, in: record, includesVector: includesVectors,
                    includesPassages: includesPassages)
            }
        }
    }

    /// All documents in the order of their identifiers' bytes, read as they are asked for. Documents
    /// that come or go meanwhile may or may not be among them; the others all are, once.
    ///
    /// ```swift
    /// for try await document in notes.export() { print(document.id) }
    /// ```
    public func export(
        includesVectors: Bool = false, includesPassages: Bool = false
    ) -> AsyncThrowingStream<Document, any Error> {
        let cursor = ExportCursor(
            collection: self, includesVectors: includesVectors, includesPassages: includesPassages)
        return AsyncThrowingStream { try await cursor.next() }
    }

    /// Deletes documents; durable when it returns. Identifiers that are not there are passed over.
    ///
    /// - Returns: how many were there.
    @discardableResult
    public func delete(_ ids: [String]) async throws -> Int {
        try await deleting { record in try self.store.delete(ids: ids, from: record).deleted }
    }

    /// Deletes the documents that match; durable when it returns. Interrupted, it has deleted some of
    /// them.
    ///
    /// - Returns: how many matched.
    @discardableResult
    public func delete(where filter: Filter) async throws -> Int {
        try await deleting { record in
            try self.store.delete(where: filter.predicate, from: record).deleted
        }
    }

    private func deleting(
        _ body: @escaping @Sendable (CollectionRecord) throws -> Int
    ) async throws -> Int {
        try await database.asWriter { [self] in
            let record = try requireRecord()
            try prepareForWriting(record)
            let count = try body(record)
            // What is deleted is deleted, and a call that throws has changed nothing: caches that
            // cannot follow (the disk is full, another row is damaged) stay as they were, which is
            // right, and the next writer tries again.
            try? updateCaches(record)
            return count
        }
    }

    /// How many documents match; all of them without a filter.
    public func count(where filter: Filter? = nil) throws -> Int {
        try rethrowing {
            let record = try requireRecord()
            guard let filter else { return record.documentCount }
            return try store.count(where: filter.predicate, in: record)
        }
    }

    /// Makes filters on a metadata field fast.
    public func indexField(_ field: String) async throws {
        try await database.asWriter { [self] in
            try store.indexField(field, in: requireRecord())
        }
    }

    /// Forgets what ``indexField(_:)`` made; filters on the field still work.
    ///
    /// - Returns: whether there was anything to forget.
    @discardableResult
    public func dropIndexField(_ field: String) async throws -> Bool {
        try await database.asWriter { [self] in
            try store.dropIndexField(field, in: requireRecord())
        }
    }

    private func document(
        _ found: DocumentRecord, in record: CollectionRecord, includesVector: Bool,
        includesPassages: Bool = false
    ) throws -> Document {
        var document = Document(
            id: found.id, text: try store.text(ofDocument: found.key), title: found.title,
            metadata: try metadata(found.metadata))
        if let path = found.source {
            document.source = Document.Source(
                path: path, position: Int(found.sourcePosition ?? 0))
        }
        if includesVector, record.dimensions > 0 {
            let keys = try store.passages(ofDocument: found.key).map(\.key)
            if keys.count == 1 {
                let vector = try store.vectors(forKeys: keys, in: record).values
                document.vector = vector.isEmpty ? nil : vector
            }
        }
        if includesPassages {
            let passages = try store.passages(ofDocument: found.key)
            if passages.count > 1 {
                let vectors =
                    includesVector && record.dimensions > 0
                    ? try store.vectors(forKeys: passages.map(\.key), in: record).values : []
                document.passages = passages.enumerated().map { index, passage in
                    let row = index * record.dimensions..<(index + 1) * record.dimensions
                    return Document.Passage(
                        start: passage.start,
                        vector: row.upperBound <= vectors.count && !row.isEmpty
                            ? Array(vectors[row]) : nil)
                }
            }
        }
        return document
    }

    /// Metadata from their stored form.
    func metadata(_ json: String?) throws -> JSONObject {
        guard let json else { return [:] }
        guard let values = (try? JSONValue(parsing: json))?.objectValue else {
            throw DatabaseError.damaged(
                path: database.path, reason: "a document's metadata are not a JSON object")
        }
        return values
    }
}

/// Pages through a collection.
private actor ExportCursor {
    private let collection: DocumentCollection
    private let includesVectors: Bool
    private let includesPassages: Bool
    private var page: ArraySlice<Document> = []
    private var last: String?
    private var isAtEnd = false

    private static let pageSize = 256

    init(collection: DocumentCollection, includesVectors: Bool, includesPassages: Bool) {
        self.collection = collection
        self.includesVectors = includesVectors
        self.includesPassages = includesPassages
    }

    func next() throws -> Document? {
        if page.isEmpty && !isAtEnd {
            let documents = try collection.documents(
                after: last, limit: Self.pageSize, includesVectors: includesVectors,
                includesPassages: includesPassages)
            isAtEnd = documents.count < Self.pageSize
            last = documents.last?.id
            page = documents[...]
        }
        return page.popFirst()
    }
}
