import FileFormat
import JSON
import Storage
import TextBytes

/// What an ingest would do with a document, or a synchronization with a stored one.
public enum PlannedChange: Sendable, Equatable {
    /// A document whose id is new.
    case add(id: String)
    /// A document whose id is stored with other content or metadata.
    case replace(id: String)
    /// A document that takes the vectors and the place of a stored one.
    case move(id: String, from: String)
    /// A document that is stored already.
    case keep(id: String)
    /// A document that is left out under ``IngestOptions/Conflict/skip``.
    case skip(id: String)
    /// A stored document that is deleted.
    case delete(id: String)
}

/// Tells what an ingest would do, without writing or encoding anything.
///
/// Call ``add(_:)`` with each document, then ``finish()``. It does not find documents that fail to be
/// encoded or stored.
public struct IngestPreview {
    private let collection: DocumentCollection?
    private let record: CollectionRecord?
    private let options: IngestOptions
    private let chunking: String
    private var gone: GoneDocuments
    /// The signatures of the documents so far.
    private var seen: [Identifier: ContentHash] = [:]
    private var movedFrom: Set<Identifier> = []
    /// The counts so far; ``IngestSummary/deleted`` after ``finish()``.
    public private(set) var summary = IngestSummary()

    /// - Parameters:
    ///   - collection: may not exist yet; `nil` if there is no database.
    ///   - options: those of the ingest.
    /// - Throws: ``DatabaseError``.
    public init(of collection: DocumentCollection?, options: IngestOptions) throws {
        self.collection = collection
        self.options = options
        chunking = options.chunking?.signature ?? ""
        record = try rethrowing {
            try collection.flatMap { try $0.store.collection(named: $0.name) }
        }
        gone = try rethrowing { [record] in
            try GoneDocuments(in: collection, record: record, options: options)
        }
    }

    /// What would be done with the next document.
    ///
    /// - Throws: ``DatabaseError``: `documentExists` as the ingest would.
    public mutating func add(_ document: Document) throws -> PlannedChange {
        let change = try change(of: document)
        summary.documents += 1
        switch change {
        case .add: summary.inserted += 1
        case .replace: summary.replaced += 1
        case .move: summary.moved += 1
        case .skip: summary.skipped += 1
        case .keep, .delete: summary.unchanged += 1
        }
        return change
    }

    private mutating func change(of document: Document) throws -> PlannedChange {
        let id = Identifier(document.id)
        gone.forget(document.id)
        let metadata =
            document.metadata.isEmpty ? "" : JSONValue.object(document.metadata).jsonText
        let chunking = options.chunking == nil ? "" : "\(chunking) \(document.layout.rawValue)"
        let signature = ContentSignature.of(document, metadata: metadata, chunking: chunking)
        let stored = try seen[id] ?? storedSignature(of: document.id)
        seen[id] = signature
        guard let stored else {
            if let old = gone.take(document, chunking: chunking) {
                movedFrom.insert(Identifier(old.id))
                return .move(id: document.id, from: old.id)
            }
            return .add(id: document.id)
        }
        if stored == signature { return .keep(id: document.id) }
        if stored == ContentSignature.incomplete(signature) { return .replace(id: document.id) }
        switch options.onConflict {
        case .replace: return .replace(id: document.id)
        case .skip: return .skip(id: document.id)
        case .error: throw DatabaseError.documentExists(id: document.id, source: document.source)
        }
    }

    private func storedSignature(of id: String) throws -> ContentHash? {
        guard let collection, let record else { return nil }
        return try rethrowing {
            try collection.store.signatures(ofIDs: [id], in: record)[Identifier(id)]?.contentHash
        }
    }

    /// What would be deleted after the last document.
    ///
    /// - Throws: ``DatabaseError``: `sourceEmptied`, `tooManyDeletions` as the ingest would.
    public mutating func finish() throws -> [PlannedChange] {
        guard let collection, let record, !options.synchronizedSources.isEmpty else { return [] }
        let stored = try rethrowing {
            try collection.store.documents(ofSources: options.synchronizedSources, in: record)
        }
        let deletions = Deletions(
            of: stored.filter { !movedFrom.contains(Identifier($0.id)) },
            isSeen: { seen[Identifier($0.id)] != nil },
            unreadable: options.unreadableSources?() ?? [])
        // New documents of an emptied source show that it is there.
        if summary.inserted + summary.moved == 0 || options.deletionLimit != .notAll {
            try deletions.check(options)
        }
        summary.deleted = deletions.documents.count
        return deletions.documents.map { .delete(id: $0.id) }
    }
}
