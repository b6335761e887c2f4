import Storage
import TextBytes

/// The vectors in a copy of the collection that the new embedder has already encoded.
///
/// The same title and text have the same vector. In a copy of the same database they are looked for by key,
/// since keys are never reused; a copy on another store has other keys, so there by the document's id.
struct EncodedCopy {
    private let store: any Store
    private let record: CollectionRecord
    private let hasSameKeys: Bool

    /// `nil` if the copy was not encoded by this embedder.
    init?(
        _ collection: DocumentCollection, _ identity: EmbedderIdentity, of original: any Store
    ) throws {
        store = collection.store
        record = try collection.requireRecord()
        hasSameKeys = store.identity == original.identity
        guard record.model.fingerprint == identity.fingerprint,
            record.dimensions == identity.dimensions
        else { return nil }
    }

    func vectors(of passages: [PassageRecord]) throws -> [Int64: [Float]] {
        let others = try counterparts(of: passages)
        var owners: [Int64: Int64] = [:]
        for passage in passages {
            guard let other = others[passage.key],
                other.text.hasSameBytes(as: passage.text),
                other.title.hasSameBytes(as: passage.title)
            else { continue }
            owners[other.key] = passage.key
        }
        let batch = try store.vectors(forKeys: owners.keys.sorted(), in: record)
        let width = batch.dimensions
        var vectors: [Int64: [Float]] = [:]
        for (row, key) in batch.keys.enumerated() {
            guard let owner = owners[key] else { continue }
            vectors[owner] = Array(batch.values[row * width..<(row + 1) * width])
        }
        return vectors
    }

    /// The copy's passages, by the keys that they have in the collection.
    private func counterparts(of passages: [PassageRecord]) throws -> [Int64: PassageRecord] {
        if hasSameKeys {
            let known = try store.passages(forKeys: passages.map(\.key), in: record)
            return Dictionary(known.map { ($0.key, $0) }) { first, _ in first }
        }
        let ids = Set(passages.map { Identifier($0.documentID) }).map(\.text)
        let documents = try store.leadingPassages(ofIDs: ids, in: record).map(\.documentKey)
        var known: [Position: PassageRecord] = [:]
        for passage in try store.passages(ofDocuments: documents, in: record).values.joined() {
            known[Position(passage)] = passage
        }
        var found: [Int64: PassageRecord] = [:]
        for passage in passages { found[passage.key] = known[Position(passage)] }
        return found
    }

    private struct Position: Hashable {
        let document: Identifier
        let ordinal: Int

        init(_ passage: PassageRecord) {
            document = Identifier(passage.documentID)
            ordinal = passage.ordinal
        }
    }
}
