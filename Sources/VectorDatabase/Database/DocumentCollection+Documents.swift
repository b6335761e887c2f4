import Foundation
import JSON
import Storage
import TextBytes

extension DocumentCollection {
    /// The document with this id as it was ingested; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - id: compared byte by byte.
    ///   - includesVector: whether ``Document/vector`` is set, if the document is a single passage.
    /// - Throws: ``DatabaseError``.
    public func document(_ id: String, includesVector: Bool = false) throws -> Document? {
        try document(id, includesVector: includesVector, includesPassages: false)
    }

    fileprivate func document(
        _ id: String, includesVector: Bool, includesPassages: Bool
    ) throws -> Document? {
        try rethrowing {
            let record = try requireRecord()
            return try store.document(id: id, in: record).map {
                try document(
                    $0, in: record, includesVector: includesVector,
                    includesPassages: includesPassages)
            }
        }
    }

    /// The ids among `ids` that the collection has.
    package func existing(_ ids: [String]) throws -> Set<Identifier> {
        try rethrowing {
            Set(try store.signatures(ofIDs: ids, in: requireRecord()).keys)
        }
    }

    /// A page of documents in the byte order of their ids.
    ///
    /// - Parameters:
    ///   - id: where to start: the page begins with the document after this id; `nil` for the
    ///     first.
    ///   - limit: the most documents to return.
    ///   - includesVectors: whether to include vectors: of documents that are a single passage, and
    ///     of the passages that are included.
    ///   - includesPassages: whether ``Document/passages`` is set for documents with several.
    /// - Throws: ``DatabaseError``.
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

    /// All documents in the byte order of their ids, read page by page as they are consumed.
    /// Documents that are added or deleted meanwhile may or may not appear; all others appear once.
    /// Errors, of type ``DatabaseError``, end the stream.
    ///
    /// ```swift
    /// for try await document in notes.export() { print(document.id) }
    /// ```
    ///
    /// - Parameters:
    ///   - filter: only documents that match when the stream begins; `nil` for all.
    ///   - includesVectors: whether to include vectors, as ``documents(after:limit:includesVectors:includesPassages:)``.
    ///   - includesPassages: whether ``Document/passages`` is set for documents with several.
    public func export(
        where filter: Filter? = nil, includesVectors: Bool = false, includesPassages: Bool = false
    ) -> AsyncThrowingStream<Document, any Error> {
        let cursor = ExportCursor(
            collection: self, filter: filter, includesVectors: includesVectors,
            includesPassages: includesPassages)
        return AsyncThrowingStream { try await cursor.next() }
    }

    /// Deletes documents, durably once it returns. Ids that do not exist are ignored.
    ///
    /// - Returns: the number of documents deleted.
    /// - Throws: ``DatabaseError``; then nothing has been deleted.
    @discardableResult
    public func delete(_ ids: [String]) async throws -> Int {
        try await deleting { record in try self.store.delete(ids: ids, from: record).deleted }
    }

    /// Deletes the documents that match, durably once it returns. They are deleted in batches: a
    /// call that is interrupted or throws may have deleted some of them.
    ///
    /// - Returns: the number of documents deleted.
    /// - Throws: ``DatabaseError``.
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
            try index.prepareForWriting(record)
            let count = try body(record)
            // The deletion is committed, so this call must not throw now. Caches that cannot be
            // updated (the disk is full, another row is damaged) stay valid as they are; the next
            // writer tries again.
            try? updateIndex(record)
            return count
        }
    }

    /// The ids of the documents that match, in their byte order.
    ///
    /// - Throws: ``DatabaseError``.
    public func ids(where filter: Filter) throws -> [String] {
        try rethrowing { try store.ids(where: filter.predicate, in: requireRecord()) }
    }

    /// The number of documents that match; without a filter, of all documents.
    ///
    /// - Throws: ``DatabaseError``.
    public func count(where filter: Filter? = nil) throws -> Int {
        try rethrowing {
            let record = try requireRecord()
            guard let filter else { return record.documentCount }
            return try store.count(where: filter.predicate, in: record)
        }
    }

    /// Indexes a metadata field, which makes filters on it fast. Indexing an indexed field does
    /// nothing.
    ///
    /// - Parameter field: the name of a top-level field; the index keeps its scalar values and
    ///   those of an array.
    /// - Throws: ``DatabaseError``.
    public func indexField(_ field: String) async throws {
        try await database.asWriter { [self] in
            try store.indexField(field, in: requireRecord())
        }
    }

    /// Removes the index that ``indexField(_:)`` made; filters on the field still work.
    ///
    /// - Returns: whether there was an index.
    /// - Throws: ``DatabaseError``.
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
            id: found.id, text: try store.text(ofDocument: found.key, in: record),
            title: found.title,
            metadata: try metadata(found.metadata))
        if let path = found.source {
            document.source = Document.Source(
                path: path, position: Int(found.sourcePosition ?? 0))
        }
        if includesVector, record.dimensions > 0 {
            let keys = try store.passages(ofDocument: found.key, in: record).map(\.key)
            if keys.count == 1 {
                let vector = try store.vectors(forKeys: keys, in: record).values
                document.vector = vector.isEmpty ? nil : vector
            }
        }
        if includesPassages {
            let passages = try store.passages(ofDocument: found.key, in: record)
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

    /// Parses stored metadata.
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
    private let filter: Filter?
    private let includesVectors: Bool
    /// The ids of documents that match and have not been returned; `nil` before the first.
    private var matching: ArraySlice<String>?
    private let includesPassages: Bool
    private var page: ArraySlice<Document> = []
    private var last: String?
    private var isAtEnd = false

    /// Documents in a page. It grows while they are short, so that long ones do not fill the memory.
    private var pageSize = 8
    private static let largestPage = 256
    /// Bytes of text in a page that is not too large.
    private static let pageBytes = 8 << 20

    init(
        collection: DocumentCollection, filter: Filter?, includesVectors: Bool,
        includesPassages: Bool
    ) {
        self.collection = collection
        self.filter = filter
        self.includesVectors = includesVectors
        self.includesPassages = includesPassages
    }

    func next() throws -> Document? {
        if let filter { return try nextMatching(filter) }
        if page.isEmpty && !isAtEnd {
            let documents = try collection.documents(
                after: last, limit: pageSize, includesVectors: includesVectors,
                includesPassages: includesPassages)
            isAtEnd = documents.count < pageSize
            last = documents.last?.id
            page = documents[...]
            let bytes = documents.reduce(0) { $0 + $1.text.utf8.count }
            pageSize =
                bytes > Self.pageBytes
                ? max(1, pageSize / 2) : min(Self.largestPage, pageSize * 2)
        }
        return page.popFirst()
    }

    private func nextMatching(_ filter: Filter) throws -> Document? {
        if matching == nil { matching = try collection.ids(where: filter)[...] }
        // A document may have been deleted meanwhile.
        while let id = matching?.popFirst() {
            let document = try collection.document(
                id, includesVector: includesVectors, includesPassages: includesPassages)
            if let document { return document }
        }
        return nil
    }
}
