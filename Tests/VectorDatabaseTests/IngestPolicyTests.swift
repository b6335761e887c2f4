import Synchronization
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

struct IngestPolicyTests {
    @Test(arguments: TestStore.available) func conflictsAreReplacedSkippedOrRefused(
        store: TestStore
    ) async throws {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        try await collection.ingest(SampleTexts.documents(0..<20))
        var changed = SampleTexts.documents(0..<30)
        for index in 0..<5 { changed[index].text += " changed" }
        var options = IngestOptions()
        options.onConflict = .skip
        var summary = try await collection.ingest(changed, options: options)
        #expect(summary.skipped == 5)
        #expect(summary.unchanged == 15)
        #expect(summary.inserted == 10)
        #expect(try collection.document("d0")?.text == SampleTexts.text(0))

        options.onConflict = .error
        let acknowledged = Counter()
        let wrong = [
            Document(id: "x1", text: "one"), Document(id: "d7", text: "other"),
            Document(id: "x2", text: "two"),
        ]
        options.acknowledged = { count in acknowledged.add(count - acknowledged.value) }
        await #expect(throws: DatabaseError.documentExists(id: "d7", source: nil)) {
            try await collection.ingest(wrong, options: options)
        }
        // Documents before the fault are stored and acknowledged, those after it are not.
        #expect(acknowledged.value == 1)
        #expect(try collection.document("x1") != nil)
        #expect(try collection.document("x2") == nil)

        options.onConflict = .replace
        summary = try await collection.ingest(changed, options: options)
        #expect(summary.replaced == 5)
        #expect(try collection.document("d0")?.text == SampleTexts.text(0) + " changed")
        try database.close()
    }

    @Test(arguments: TestStore.available) func theLastOfEqualIdentifiersCounts(store: TestStore)
        async throws
    {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        var options = IngestOptions()
        options.batchSize = 8
        // Each id occurs ten times, in windows of all kinds; the text to keep comes last.
        let rounds = (0..<10).flatMap { round in
            (0..<20).map { Document(id: "d\($0)", text: "round \((round + 1) % 10) of \($0)") }
        }
        let summary = try await collection.ingest(rounds, options: options)
        #expect(summary.documents == 200)
        #expect(summary.inserted == 20)
        #expect(try collection.count() == 20)
        for number in 0..<20 {
            #expect(try collection.document("d\(number)")?.text == "round 0 of \(number)")
        }
        let again = try await collection.ingest(rounds, options: options)
        #expect(again.documents == 200)
        for number in 0..<20 {
            #expect(try collection.document("d\(number)")?.text == "round 0 of \(number)")
        }
        try database.close()
    }

    @Test(arguments: TestStore.available) func whatCannotBeStoredStopsOrIsSkipped(store: TestStore)
        async throws
    {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder))
        let collection = database.collection()
        let source = Document.Source(path: "x.jsonl", position: 3)
        let documents = [
            Document(id: "a", text: "one", vector: [1, 0, 0]),
            Document(id: "b", text: "two", vector: [0, 1, 0]),
            Document(id: "c", text: "three", vector: [0, 1], source: source),
            Document(id: "d", text: "four", vector: [0, .nan, 1]),
            Document(id: "", text: "five", vector: [0, 0, 1]),
            Document(id: "f", text: "six", vector: [0, 0, 1]),
        ]
        do {
            try await collection.ingest(documents)
            Issue.record("nothing was thrown")
        } catch {
            let error = try #require(error as? DatabaseError)
            #expect(error.kind == .badData)
            #expect(error.description.hasPrefix("x.jsonl:3: "))
            #expect(error.description.contains("2 dimensions, but 3"))
        }
        #expect(try collection.count() == 2)
        var options = IngestOptions()
        options.onFailure = .skip
        let failed = Mutex<[String]>([])
        options.failed = { document, _ in failed.withLock { $0.append(document.id) } }
        let summary = try await collection.ingest(documents, options: options)
        #expect(summary.failed == 3)
        #expect(summary.unchanged == 2)
        #expect(summary.inserted == 1)
        #expect(failed.withLock { $0 } == ["c", "d", ""])
        let answer = try await collection.query(Query(vector: [0, 0, 2]))
        #expect(answer.hits.map(\.id) == ["f", "a", "b"])
        #expect(answer.hits[0].score == 2)
        try database.close()
    }

    @Test(arguments: TestStore.available) func whatIsGoneFromItsSourceIsDeleted(store: TestStore)
        async throws
    {
        let folder = TemporaryFolder()
        let database = try Database(at: store.location(in: folder), embedder: TestEmbedder())
        let collection = database.collection()
        func documents(_ numbers: Range<Int>, in file: String) -> [Document] {
            numbers.map { number in
                Document(
                    id: "\(file)-\(number)", text: SampleTexts.text(number),
                    source: .init(path: file, position: number + 1))
            }
        }
        try await collection.ingest(
            documents(0..<20, in: "notes/a") + documents(0..<20, in: "notes/b")
                + documents(0..<20, in: "other"))
        var options = IngestOptions()
        options.synchronizedSources = ["notes"]
        let summary = try await collection.ingest(
            documents(5..<15, in: "notes/a"), options: options)
        #expect(summary.unchanged == 10)
        #expect(summary.deleted == 30)
        #expect(try collection.count() == 30)
        #expect(try collection.document("other-3") != nil)
        #expect(try collection.document("notes/b-3") == nil)
        try database.close()
    }

    @Test func anotherModelIsRefusedWithBothNamed() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        var database = try Database(path: path, embedder: TestEmbedder(name: "first"))
        try await database.collection().ingest(SampleTexts.documents(0..<10))
        try database.close()
        // The same number of dimensions, other vectors.
        database = try Database(path: path, embedder: TestEmbedder(name: "second", seed: 5))
        for attempt in 0..<2 {
            do {
                if attempt == 0 {
                    try await database.collection().ingest(SampleTexts.documents(10..<20))
                } else {
                    _ = try await database.collection().query("apple")
                }
                Issue.record("nothing was thrown")
            } catch {
                let description = "\(error)"
                #expect(description.contains("'first'") && description.contains("'second'"))
                #expect((error as? DatabaseError)?.kind == .badData)
            }
        }
        // Words need no model.
        #expect(try await database.collection().query("apple", mode: .lexical).mode == .lexical)
        try database.close()
        // No embedder is given.
        database = try Database(path: path)
        do {
            _ = try await database.collection().query("apple")
            Issue.record("nothing was thrown")
        } catch { #expect((error as? DatabaseError)?.kind == .unavailable) }
        try database.close()
    }

    @Test(arguments: TestStore.available) func reindexingReplacesEveryVectorAtOnce(store: TestStore)
        async throws
    {
        let folder = TemporaryFolder()
        let path = try store.location(in: folder)
        let first = TestEmbedder(name: "first")
        let second = TestEmbedder(name: "second", dimensions: 48, seed: 9)
        var database = try Database(at: path, embedder: first)
        let collection = database.collection()
        let documents = SampleTexts.documents(0..<700)
        try await collection.ingest(documents)
        // Interrupted after the first batch: queries still use the old vectors.
        let task = Task {
            try await collection.reindex(with: second) { progress in
                if progress.done >= 512 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(second.encoded.value == 512)
        #expect(
            try await collection.query(documents[3].text, limit: 1).hits.first?.id
                == "d3")
        #expect(try collection.statistics().model?.name == "first")
        // It resumes where it stopped.
        try await collection.reindex(with: second)
        #expect(second.encoded.value == 700)
        #expect(try collection.statistics().model?.fingerprint == second.identity.fingerprint)
        #expect(try collection.statistics().dimensions == 48)
        #expect(
            try await collection.query(documents[3].text, limit: 1).hits.first?.id
                == "d3")
        #expect(try await database.check().isSound)
        try database.close()
        database = try Database(at: path, embedder: second)
        let answer = try await database.collection().query(
            documents[9].text, limit: 1)
        #expect(answer.hits.first?.id == "d9")
        #expect(try await database.collection().ingest(documents).unchanged == 700)
        // Other index options, the same vectors.
        try await database.collection().reindex(options: IndexOptions(m: 8, quantization: .none))
        #expect(try database.collection().statistics().index.options.m == 8)
        await #expect(throws: DatabaseError.self) {
            try await database.collection().reindex(options: IndexOptions(m: 1))
        }
        try database.close()
    }
}
