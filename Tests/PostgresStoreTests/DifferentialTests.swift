import DocumentStore
import PostgresStore
import Storage
import TestSupport
import Testing

extension DocumentStore: WritingStore {}

/// The same random writes to SQLite and to PostgreSQL leave the same documents.
@Suite(.needsServer)
struct DifferentialTests {
    @Test("Random batches, with conflicts inside and between them", arguments: [1, 3])
    func randomBatches(places: Int) throws {
        var random = RandomSource.forTest(part: places)
        let scratch = TemporaryFolder()
        let sqlite = try DocumentStore(path: scratch.file("a.vdb"), mode: .create)
        let postgres = try PostgresStore(
            try TestServer.location(), mode: .create, places: places)
        let collections = (try sqlite.makeCollection(), try postgres.makeCollection())
        let ids = (0..<8).map { "document \($0)" }
        for step in 0..<60 {
            if random.chance(0.15) {
                let gone = ids.filter { _ in random.chance(0.25) }
                let left = try sqlite.delete(ids: gone, from: collections.0).deleted
                let right = try postgres.delete(ids: gone, from: collections.1).deleted
                #expect(left == right)
            } else {
                // With several places an error leaves what other places have committed.
                let policy: ConflictPolicy =
                    random.chance(0.12) && places == 1
                    ? .error : random.chance(0.25) ? .skip : .replace
                var changes = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    Change(ids: ids, random: &random)
                }
                // A document that is in the batch itself is not gone.
                let own = Set(changes.map(\.document.id))
                for index in changes.indices where own.contains(changes[index].replacedID ?? "") {
                    changes[index].replacedID = nil
                }
                let left = Self.write(changes, to: sqlite, collections.0, policy)
                let right = Self.write(changes, to: postgres, collections.1, policy)
                #expect(left == right, "step \(step): \(changes)")
            }
            let left = try Content(of: sqlite, collections.0)
            let right = try Content(of: postgres, collections.1)
            #expect(left == right, "step \(step)")
            if left != right { return }
        }
    }

    /// One document of a batch, told without the keys that differ between stores.
    private struct Change {
        let document: DocumentWrite
        /// The ordinals of stored passages that stay; `nil` for a new version.
        var kept: Set<Int>?
        /// The document that this one takes the place of.
        var replacedID: String?

        init(ids: [String], random: inout RandomSource) {
            let id = random.pick(ids)
            let texts = (0..<Int.random(in: 1...3, using: &random)).map { number in
                String(
                    repeating: random.pick(["word ", "é", "x"]),
                    count: Int.random(in: 0..<40, using: &random) + number)
            }
            document = .sample(
                id, texts, title: random.pick(["", "A", "B"]),
                metadata: random.pick([nil, #"{"a":1}"#, #"{"b":["x",true]}"#]),
                source: random.pick([nil, "f/1", "f/2"]))
            if random.chance(0.2) { kept = Set((0..<3).filter { _ in random.chance(0.5) }) }
            if random.chance(0.2) { replacedID = random.pick(ids) }
        }
    }

    /// - Returns: the outcomes, or the error.
    private static func write(
        _ changes: [Change], to store: some WritingStore, _ collection: CollectionRecord,
        _ policy: ConflictPolicy
    ) -> Result<[BatchOutcome.Document], StoreError> {
        Result { () throws(StoreError) in
            var batch: [DocumentWrite] = []
            for change in changes {
                var document = change.document
                if let id = change.replacedID, id != document.id {
                    document.replacedKey = try store.document(id: id, in: collection)?.key
                }
                if let kept = change.kept {
                    let stored = try store.document(id: document.id, in: collection)
                    let passages = try stored.map { document throws(StoreError) in
                        try store.passages(ofDocument: document.key, in: collection)
                    }
                    let staying = (passages ?? []).filter { kept.contains($0.ordinal) }
                    document.kept = .only(Set(staying.map(\.key)))
                    for index in document.passages.indices {
                        document.passages[index].ordinal = 100 + index
                    }
                }
                batch.append(document)
            }
            return try store.write(batch, to: collection, onConflict: policy).documents
        }
    }

    /// Everything but keys.
    private struct Content: Equatable {
        var documents: [[String]] = []
        var counts: [Int]

        init(of store: some WritingStore, _ collection: CollectionRecord) throws {
            let record = try store.current(collection)
            counts = [record.documentCount, record.passageCount]
            var last: String?
            while true {
                let page = try store.documents(after: last, limit: 3, in: collection)
                guard let end = page.last else { return }
                last = end.id
                for document in page {
                    let passages = try store.passages(ofDocument: document.key, in: collection)
                    let keys = passages.map(\.key)
                    let vectors = try store.vectors(forKeys: keys, in: collection)
                    let metadata = document.metadata?.filter { $0 != " " } ?? "-"
                    documents.append([
                        document.id, document.title, metadata, document.source ?? "-",
                        "\(document.sourcePosition ?? 0)", document.contentHash.hexadecimal,
                        "\(passages.map { [$0.text, "\($0.ordinal) \($0.start) \($0.tokens)"] })",
                        "\(vectors.keys == keys) \(vectors.values)",
                    ])
                }
            }
        }
    }
}
