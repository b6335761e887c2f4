import TextBytes

/// The source of truth of a database: documents with their passages, vectors and metadata, in
/// collections that record the model that made the vectors. What its callers need to know of it is
/// here; where it keeps them, and how, is its own business.
///
/// Invariants:
/// 1. A call that returned is durable. A call that threw changed nothing, unless it says that it works
///    in batches.
/// 2. A passage key is never reused. Keys only grow, even after deletions.
/// 3. Every vector in a collection was made by the model that the collection names.
///
/// Calls block, so make them on threads that may; any number at once.
///
/// Every call throws `closed` after `close`, `collectionMissing` if the collection of a record has been
/// deleted, and errors of the store itself: `corrupt`, `io`, `diskFull`, `locked`, `readOnly`.
package protocol Store: Sendable {
    var identity: StoreIdentity { get }

    func close() throws(StoreError)

    /// Checks that what was acknowledged is where it is looked for: that a file, for instance, has not
    /// been moved.
    func requireInPlace() throws(StoreError)

    // MARK: Collections

    /// Ordered by name.
    func collections() throws(StoreError) -> [CollectionRecord]

    func collection(named name: String) throws(StoreError) -> CollectionRecord?

    /// - Throws: `collectionExists`.
    func createCollection(
        named name: String, metric: Metric, dimensions: Int, elementType: VectorElement,
        model: CollectionRecord.ModelRecord, index: IndexOptions, searchSettings: String?
    ) throws(StoreError) -> CollectionRecord

    /// Deletes a collection and its content.
    func dropCollection(_ collection: CollectionRecord) throws(StoreError)

    /// Gives a collection another name. Its id stays.
    ///
    /// - Throws: `collectionExists`.
    func renameCollection(
        _ collection: CollectionRecord, to name: String
    ) throws(StoreError) -> CollectionRecord

    /// Copies a collection with its documents, vectors, settings and indexed fields. An unfinished
    /// re-encoding is not copied.
    ///
    /// - Throws: `StoreError`: `collectionExists`. Also `CancellationError`.
    func copyCollection(
        _ collection: CollectionRecord, to name: String
    ) throws -> CollectionRecord

    /// - Parameter settings: a JSON object that the store does not interpret; `nil` for the program's
    ///   own way of searching.
    func updateSearchSettings(
        _ settings: String?, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord

    func updateIndex(
        _ index: IndexOptions, of collection: CollectionRecord
    ) throws(StoreError) -> CollectionRecord

    /// A number that grows with every change of the collection's documents or vectors.
    func position(of collection: CollectionRecord) throws(StoreError) -> Int64

    // MARK: Writing

    /// Stores a batch: all of it or nothing.
    ///
    /// A document whose id exists is replaced, skipped or refused according to the policy; with
    /// `.replace` it is left alone if the content hash is the same. A replaced document gets new passage
    /// keys, apart from passages that the write keeps. An id that occurs twice in the batch conflicts
    /// with itself.
    ///
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded
    ///   since `collection` was read; `duplicateID` under `.error`; `vectorLength`, `vectorNotFinite`,
    ///   `invalidName`, `invalidMetadata`, `tooLarge` for a document that cannot be stored.
    func write(
        _ batch: [DocumentWrite], to collection: CollectionRecord,
        onConflict policy: ConflictPolicy
    ) throws(StoreError) -> BatchOutcome

    /// The signatures of the documents that exist, so that unchanged ones need no encoding. A damaged
    /// document has one that matches no content.
    func signatures(
        ofIDs ids: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [Identifier: DocumentSignature]

    /// Replaces the metadata of documents; passages and vectors stay as they are. Ids that do not exist
    /// are ignored.
    ///
    /// - Returns: the number of documents changed.
    /// - Throws: `invalidMetadata`, `tooLarge`.
    func setMetadata(
        _ changes: [MetadataWrite], in collection: CollectionRecord
    ) throws(StoreError) -> Int

    /// Deletes documents, including damaged ones. Ids that do not exist are ignored.
    func delete(
        ids: [String], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome

    /// Deletes the matching documents, in batches.
    func delete(
        where predicate: MetadataPredicate, from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome

    /// Deletes documents, in batches. Keys that do not exist are ignored.
    func delete(
        documentKeys keys: [Int64], from collection: CollectionRecord
    ) throws(StoreError) -> DeleteOutcome

    // MARK: Synchronizing

    /// Begins to record which documents a run has seen, so that the rest can be deleted at its end. The
    /// record is lost when the store is closed.
    func beginSync() throws(StoreError)

    /// Records documents of this run as seen, whether stored or unchanged.
    func markSeen(ids: [String]) throws(StoreError)

    /// Records the new sources of documents whose content is stored already. Documents that do not
    /// exist are ignored.
    func move(_ documents: [DocumentWrite], in collection: CollectionRecord) throws(StoreError)

    /// The documents that come from some paths: files, and folders with all their files.
    func documents(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument]

    /// The same, each with whether this run has seen it.
    func documentsSeen(
        ofSources paths: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [SourcedDocument]

    // MARK: Reading documents

    func document(
        id: String, in collection: CollectionRecord
    ) throws(StoreError) -> DocumentRecord?

    /// A page of at most `limit` documents in the byte order of ids, from the one after `id`; `nil` for
    /// the first.
    func documents(
        after id: String?, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [DocumentRecord]

    /// The metadata, as JSON, of documents by their keys; those that are deleted are left out.
    func metadata(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: String]

    /// The metadata of some documents from all over the collection; `nil` for one without any. The time
    /// does not grow with the collection.
    func sampleOfMetadata(in collection: CollectionRecord) throws(StoreError) -> [String?]

    /// Calls `body` with the metadata of every document, as JSON; without any, `nil`.
    func forEachMetadata(
        in collection: CollectionRecord, _ body: (String?) throws -> Void
    ) throws(StoreError)

    // MARK: Reading passages

    /// The passages in the order of `keys`; deleted ones are left out.
    func passages(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord]

    /// A document's passages in order, up to the one with this ordinal.
    func passages(
        ofDocument key: Int64, through ordinal: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord]

    /// Where a passage starts in the document's text, in bytes; `nil` if there is none.
    func start(
        ofPassage ordinal: Int, ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> Int?

    /// The passages of some documents, each document's in order; without those that do not exist.
    func passages(
        ofDocuments keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> [Int64: [PassageRecord]]

    /// At most `limit` passages in key order, from the one after `key`; for re-encoding.
    func passages(
        after key: Int64, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord]

    /// The first passages of all documents, in key order.
    func leadingPassages(
        in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage]

    /// The first passages of the documents with these ids, in key order.
    func leadingPassages(
        ofIDs ids: [String], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage]

    /// The first passages of documents from all over a collection, each once, in key order. The time
    /// does not grow with the collection.
    ///
    /// - Parameter places: in 0 ..< 1, shares of the way from the oldest passage to the newest.
    func leadingPassages(
        at places: [Double], in collection: CollectionRecord
    ) throws(StoreError) -> [LeadingPassage]

    /// The vectors of some passages in the order of `keys`; deleted ones are left out.
    ///
    /// - Throws: `fingerprintMismatch` or `dimensionMismatch` if the collection has been re-encoded.
    func vectors(
        forKeys keys: [Int64], in collection: CollectionRecord
    ) throws(StoreError) -> VectorBatch

    // MARK: Filters

    /// The ids of matching documents, in their byte order.
    func ids(
        where predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> [String]

    /// The number of matching documents.
    func count(
        where predicate: MetadataPredicate, in collection: CollectionRecord
    ) throws(StoreError) -> Int

    /// The indexed fields' names, sorted.
    func indexedFields(of collection: CollectionRecord) throws(StoreError) -> [String]

    /// Indexes a metadata field, which makes filters on it fast. Does nothing if it is indexed already.
    func indexField(_ name: String, in collection: CollectionRecord) throws(StoreError)

    /// - Returns: whether the field was indexed.
    @discardableResult
    func dropIndexField(
        _ name: String, in collection: CollectionRecord
    ) throws(StoreError) -> Bool

    // MARK: Re-encoding

    /// The unfinished re-encoding, if any.
    func staging(of collection: CollectionRecord) throws(StoreError) -> StagedModel?

    /// Begins a re-encoding, or continues an unfinished one by the same model, whose path and settings
    /// are updated.
    ///
    /// - Throws: `alreadyStaged` if another model's is unfinished.
    func beginStaging(
        _ staging: StagedModel, in collection: CollectionRecord
    ) throws(StoreError)

    /// The last passage that has its new vector; 0 before the first.
    func stagedThrough(in collection: CollectionRecord) throws(StoreError) -> Int64

    /// Stores new vectors: all of them or none.
    func stageVectors(
        _ vectors: [(passage: Int64, vector: [Float])], in collection: CollectionRecord
    ) throws(StoreError)

    /// Replaces the old vectors and model by the new ones.
    ///
    /// - Throws: `stagingIncomplete` if passages were added that have no new vector.
    func commitStaging(in collection: CollectionRecord) throws(StoreError) -> CollectionRecord

    /// Discards the new vectors, if there are any.
    func discardStaging(in collection: CollectionRecord) throws(StoreError)

    // MARK: Maintenance

    /// Reads everything and reports what is wrong; empty means sound. Writers are not blocked.
    func check() throws(StoreError) -> [StoreFinding]

    /// What makes the store less safe than it could be, such as a server's settings: clauses about it.
    func remarks() throws(StoreError) -> [String]

    /// Rebuilds what can be derived from the documents.
    func rebuildDerived(of collection: CollectionRecord) throws(StoreError)

    /// Copies the database, as of one moment, to a new file.
    func backup(to destination: String) throws(StoreError)

    /// Frees disk space.
    func compact() throws(StoreError)

    /// The bytes on disk by kind of content.
    func bytesByPart() throws(StoreError) -> [StorePart]
}

extension Store {
    package func remarks() throws(StoreError) -> [String] { [] }
}
