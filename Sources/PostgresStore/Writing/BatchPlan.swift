import FileFormat
import Storage
import TextBytes

/// What one batch changes in one place, before anything is written: what its documents do to those that
/// are stored, and to each other.
struct BatchPlan {
    /// A document to write, with its passages.
    struct Document {
        let key: Int64
        let write: DocumentWrite
        var passages: [Passage] = []
        /// Whether its row is there and changes in place, and which of its passages stay.
        var stored: DocumentWrite.KeptPassages?
    }

    struct Passage {
        let key: Int64
        let ordinal: Int
        let write: PassageWrite
    }

    /// A document that is stored already.
    struct Existing {
        let key: Int64
        let contentHash: ContentHash
    }

    private(set) var outcomes: [BatchOutcome.Document] = []
    /// By key.
    private(set) var documents: [Int64: Document] = [:]
    /// The keys of stored documents that go.
    private(set) var deleted: Set<Int64> = []
    /// The same of documents in other places, which go in transactions of their own.
    private(set) var deletedElsewhere: [Int64: Int] = [:]
    /// The keys that documents of the batch have or had.
    var ownKeys: Set<Int64> { Set(existing.values.map(\.key)) }
    private var existing: [Identifier: Existing]
    private let place: Int
    private let collection: String
    private let policy: ConflictPolicy

    /// - Parameter existing: the stored documents with the batch's ids.
    init(
        place: Int, existing: [Identifier: Existing], collection: String, policy: ConflictPolicy
    ) {
        self.place = place
        self.existing = existing
        self.collection = collection
        self.policy = policy
    }

    /// Adds the next document.
    ///
    /// - Parameters:
    ///   - newKeys: one more than the document has passages, greater than all before.
    ///   - placeOf: the place of the stored document with a key; `nil` if there is none.
    /// - Throws: `duplicateID` under `.error`.
    mutating func add(
        _ document: DocumentWrite, newKeys: [Int64],
        placeOf: (Int64) throws -> Int?
    ) throws {
        guard let known = existing[Identifier(document.id)] else {
            insert(document, newKeys)
            guard let key = document.replacedKey, !deleted.contains(key),
                deletedElsewhere[key] == nil, let place = try placeOf(key)
            else { return outcomes.append(.inserted) }
            if place == self.place {
                delete(key)
                existing = existing.filter { $0.value.key != key }
            } else {
                deletedElsewhere[key] = place
            }
            return outcomes.append(.moved)
        }
        if document.kept != .none {
            change(known.key, to: document, newKeys)
            return outcomes.append(.replaced)
        }
        switch policy {
        case .skip: outcomes.append(.skipped)
        case .error: throw StoreError.duplicateID(id: document.id, collection: collection)
        case .replace:
            if known.contentHash == document.contentHash { return outcomes.append(.unchanged) }
            delete(known.key)
            insert(document, newKeys)
            outcomes.append(.replaced)
        }
    }

    private mutating func insert(_ document: DocumentWrite, _ keys: [Int64]) {
        documents[keys[0]] = Document(
            key: keys[0], write: document, passages: Self.passages(of: document, keys.dropFirst()))
        existing[Identifier(document.id)] = Existing(
            key: keys[0], contentHash: document.contentHash)
    }

    /// Changes a document in place, whether it is stored or comes with this batch.
    private mutating func change(
        _ key: Int64, to document: DocumentWrite, _ newKeys: [Int64]
    ) {
        let added = Self.passages(of: document, newKeys.dropFirst())
        let before = documents[key]
        var kept = before?.passages ?? []
        var stored = before == nil ? document.kept : before?.stored
        if case .only(let keys) = document.kept {
            kept.removeAll { !keys.contains($0.key) }
            if case .only(let earlier) = stored { stored = .only(earlier.intersection(keys)) }
            if case .all = stored { stored = .only(keys) }
        }
        documents[key] = Document(
            key: key, write: document, passages: kept + added, stored: stored)
        existing[Identifier(document.id)] = Existing(key: key, contentHash: document.contentHash)
    }

    private mutating func delete(_ key: Int64) {
        // One that came with this batch was never there.
        if let document = documents.removeValue(forKey: key), document.stored == nil { return }
        deleted.insert(key)
    }

    private static func passages(
        of document: DocumentWrite, _ keys: ArraySlice<Int64>
    ) -> [Passage] {
        zip(keys, document.passages).enumerated().map { index, pair in
            Passage(key: pair.0, ordinal: pair.1.ordinal ?? index, write: pair.1)
        }
    }
}
