import Synchronization
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// Documents of many passages: stored as they are encoded, and never encoded twice.
struct LongDocumentTests {
    private let folder = TemporaryFolder()

    private static func options() -> IngestOptions {
        var options = IngestOptions()
        options.chunking = Chunking(maximumTokens: 12, overlapTokens: 0)
        return options
    }

    /// Paragraphs of one passage each.
    private func paragraphs(_ numbers: Range<Int>) -> [String] {
        numbers.map { SampleTexts.text($0, words: 10) }
    }

    private func document(_ paragraphs: [String], title: String = "log") -> Document {
        Document(
            id: "app.log", text: paragraphs.joined(separator: "\n\n"), title: title,
            layout: .plain)
    }

    /// The texts and vectors of all passages, as an export has them.
    private func passages(_ collection: DocumentCollection) async throws -> [String: [Float]] {
        var result: [String: [Float]] = [:]
        for try await document in collection.export(includesVectors: true, includesPassages: true) {
            let bytes = Array(document.text.utf8)
            let starts = (document.passages ?? []).map(\.start) + [bytes.count]
            for (index, passage) in (document.passages ?? []).enumerated() {
                let text = String(decoding: bytes[starts[index]..<starts[index + 1]], as: UTF8.self)
                result[text] = passage.vector
            }
        }
        return result
    }

    @Test(arguments: TestStore.available)
    func passagesAreStoredAsTheyComeAndAnInterruptedIngestResumes(store: TestStore) async throws {
        let embedder = TestEmbedder(delay: .milliseconds(2))
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        let long = document(paragraphs(0..<1000))
        let seen = Mutex<[Int]>([])
        let task = Task {
            try await collection.ingest([long], options: Self.options()) { progress in
                seen.withLock { $0.append(progress.passages) }
                if progress.passages >= 300 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let stored = try collection.statistics().passages
        #expect((300..<1000).contains(stored))
        // What is stored is found, and the rest is not there yet.
        let answer = try await collection.query(
            SampleTexts.text(0, words: 10))
        #expect(answer.hits.count == 1)
        #expect(try await database.check().isSound)
        let before = embedder.encoded.value
        // Whatever the policy, it is completed.
        var options = Self.options()
        options.onConflict = .error
        let acknowledged = Counter()
        options.acknowledged = { count in acknowledged.add(count - acknowledged.value) }
        let summary = try await collection.ingest([long], options: options)
        #expect(summary.documents == 1 && summary.inserted == 1 && acknowledged.value == 1)
        #expect(embedder.encoded.value - before == 1000 - stored)
        #expect(try collection.statistics().passages == 1000)
        #expect(try collection.document("app.log")?.text == long.text)
        #expect(try await collection.ingest([long], options: options).unchanged == 1)
        #expect(try await database.check().isSound)
        #expect(seen.withLock { Set($0).count } > 3)
        try database.close()
    }

    @Test func onlyWhatIsNewIsEncoded() async throws {
        let embedder = TestEmbedder()
        let database = try Database(path: folder.file("a.vdb"), embedder: embedder)
        let collection = database.collection()
        let first = paragraphs(0..<200)
        try await collection.ingest([document(first)], options: Self.options())
        func ingest(_ document: Document) async throws -> Int {
            let before = embedder.encoded.value
            let summary = try await collection.ingest([document], options: Self.options())
            #expect(summary.replaced == 1 && summary.documents == 1)
            #expect(try collection.document("app.log")?.text == document.text)
            return embedder.encoded.value - before
        }
        // A log that grows: its last passage has a line end more.
        #expect(try await ingest(document(first + paragraphs(200..<300))) == 101)
        // Something in front and in the middle, something gone.
        let edited =
            paragraphs(300..<302) + first[..<50] + paragraphs(302..<303) + first[60..<199]
        #expect(try await ingest(document(edited)) <= 5)
        // The vectors are those of a database that was made at once.
        let fresh = try Database(path: folder.file("b.vdb"), embedder: embedder)
        try await fresh.collection().ingest([document(edited)], options: Self.options())
        let expected = try await passages(fresh.collection())
        #expect(expected.count == edited.count)
        #expect(try await passages(collection) == expected)
        for number in [0, 55, 120, 301] {
            let query = SampleTexts.text(number, words: 10)
            let one = try await collection.query(query).hits.map(\.text)
            #expect(try await fresh.collection().query(query).hits.map(\.text) == one)
        }
        try fresh.close()
        // Metadata alone change nothing but themselves.
        var labeled = document(edited)
        labeled.metadata = ["level": "info"]
        #expect(try await ingest(labeled) == 0)
        #expect(try collection.document("app.log")?.metadata["level"] == "info")
        // A title is part of every vector.
        #expect(try await ingest(document(edited, title: "other")) == edited.count)
        #expect(try await database.check().isSound)
        try database.close()
    }

    /// A model against which the ways of keeping passages are compared: encoding everything.
    @Test(arguments: TestStore.available) func randomEditsEndAsIfIngestedAtOnce(store: TestStore)
        async throws
    {
        var random = RandomSource.forTest()
        let embedder = TestEmbedder()
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        var text = paragraphs(0..<20)
        for round in 0..<25 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                let number = Int.random(in: 0..<60, using: &random)
                if random.chance(0.5) || text.count < 3 {
                    text.insert(SampleTexts.text(number, words: 10), at: place)
                } else if place < text.count {
                    text.remove(at: place)
                }
            }
            var options = Self.options()
            options.batchSize = Int.random(in: 1...40, using: &random)
            try await collection.ingest([document(text)], options: options)
            #expect(try collection.document("app.log")?.text == document(text).text)
            let fresh = try Database(path: folder.file("f\(round).vdb"), embedder: embedder)
            try await fresh.collection().ingest([document(text)], options: options)
            let (edited, atOnce) = (
                try await passages(collection), try await passages(fresh.collection())
            )
            let differences = Set(edited.keys).union(atOnce.keys).filter {
                edited[$0] != atOnce[$0]
            }
            #expect(differences.isEmpty, "round \(round)")
            #expect(
                try collection.statistics().passages == fresh.collection().statistics().passages)
            try fresh.close()
        }
        #expect(try await database.check().isSound)
        try database.close()
    }

    /// A vector that came with a document is not the model's.
    @Test(arguments: TestStore.available) func readyMadeVectorsAreNotKept(store: TestStore)
        async throws
    {
        let embedder = TestEmbedder()
        let database = try Database(at: store.location(in: folder), embedder: embedder)
        let collection = database.collection()
        var own = Document(id: "a", text: "one two")
        own.vector = [1] + [Float](repeating: 0, count: 31)
        try await collection.ingest([own])
        own.vector = nil
        try await collection.ingest([own])
        #expect(embedder.encoded.value == 1)
        try database.close()
    }
}
