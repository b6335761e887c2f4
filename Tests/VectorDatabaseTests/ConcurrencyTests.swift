import Foundation
import Synchronization
import TestSupport
import Testing
import VectorDatabase

struct ConcurrencyTests {
    /// Documents that arrive at a given pace.
    static func stream(_ documents: [Document], every pause: Duration) -> AsyncStream<Document> {
        AsyncStream { continuation in
            let task = Task {
                for document in documents {
                    try? await Task.sleep(for: pause)
                    continuation.yield(document)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    @Test(arguments: [1, 40, 150, 333])
    func anInterruptedIngestGoesOnWhereItStopped(stopAt: Int) async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let embedder = TestEmbedder(delay: .milliseconds(2))
        let documents = SampleTexts.documents(0..<500)
        let database = try Database(path: path, embedder: embedder)
        let acknowledged = Mutex(0)
        let collection = database.collection()
        // A source that pauses after 350: the ingest cannot end before it is interrupted.
        let (source, continuation) = AsyncStream<Document>.makeStream()
        for document in documents[..<350] { continuation.yield(document) }
        let task = Task {
            var options = IngestOptions()
            options.batchSize = 16
            options.acknowledged = { count in
                acknowledged.withLock { $0 = count }
                if count >= stopAt { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return try await collection.ingest(source, options: options)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let safe = acknowledged.withLock { $0 }
        #expect(safe >= stopAt)
        #expect(safe <= 350)
        continuation.finish()
        try database.close()

        let again = try Database(path: path, embedder: embedder)
        let stored = try again.collection().count()
        #expect(stored >= safe)
        let before = embedder.encoded.value
        let summary = try await again.collection().ingest(documents)
        #expect(summary.unchanged == stored)
        #expect(summary.inserted == 500 - stored)
        #expect(embedder.encoded.value - before == 500 - stored)
        #expect(try await again.check().isSound)
        try again.close()
    }

    @Test func anEndlessIngestEndsWhereADocumentStopsIt() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"))
        let produced = Counter()
        // Far more than the queues hold, so that the stages before the fault are full when it
        // occurs.
        let endless = AsyncStream<Document> {
            produced.add(1)
            let number = produced.value
            return Document(
                id: "d\(number)", text: String(repeating: "apple ", count: 4000),
                vector: number == 300 ? [1] : [1, Float(number)])
        }
        await #expect(throws: DatabaseError.self) {
            _ = try await database.collection().ingest(endless)
        }
        #expect(try database.collection().count() == 299)
        try database.close()
    }

    @Test func acknowledgementsFlowWhileTheSourceIsSlow() async throws {
        let folder = TemporaryFolder()
        let database = try Database(path: folder.file("a.vdb"), embedder: TestEmbedder())
        let counts = Mutex<[Int]>([])
        var options = IngestOptions()
        options.acknowledged = { count in counts.withLock { $0.append(count) } }
        // Slower than a window fills: documents are not held back until there are more.
        let slow = Self.stream(SampleTexts.documents(0..<12), every: .milliseconds(200))
        _ = try await database.collection().ingest(slow, options: options)
        let found = counts.withLock { $0 }
        #expect(found.count >= 3)
        #expect(found == found.sorted())
        #expect(found.last == 12)
        try database.close()
    }

    @Test func readersNeverFailWhileAWriterWrites() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let writer = try VectorCacheTests.open(path)
        try await writer.collection().ingest(SampleTexts.documents(0..<100))
        let isDone = Counter()
        let answered = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    // Half of them share the writer's database, half have their own.
                    let database =
                        number % 2 == 0
                        ? writer : try VectorCacheTests.open(path, access: .readOnly)
                    let collection = database.collection()
                    var round = number
                    while isDone.value == 0 {
                        let answer = try await collection.query(
                            SampleTexts.text(round), limit: 10,
                            mode: QueryMode.allCases[round % 3])
                        if round % 3 == 0 { #expect(answer.hits.count == 10) }
                        #expect(Set(answer.hits.map(\.id)).count == answer.hits.count)
                        answered.add(1)
                        round += 1
                    }
                    if number % 2 == 1 { try database.close() }
                }
            }
            group.addTask {
                defer { isDone.add(1) }
                for round in 0..<5 {
                    let start = round * 120
                    try await writer.collection().ingest(SampleTexts.documents(start..<start + 200))
                    try await writer.collection().delete((start..<start + 30).map { "d\($0)" })
                }
            }
            try await group.waitForAll()
        }
        #expect(answered.value > 6)
        #expect(try await writer.check().isSound)
        try writer.close()
    }

    @Test func writersOfOneProcessTakeTurns() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let database = try Database(path: path, embedder: TestEmbedder())
        let other = try Database(path: path, embedder: TestEmbedder())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let collection = (number % 2 == 0 ? database : other).collection()
                    try await collection.ingest(
                        SampleTexts.documents(number * 50..<number * 50 + 100))
                }
            }
            try await group.waitForAll()
        }
        #expect(try database.collection().count() == 350)
        #expect(try await database.check().isSound)
        try other.close()
        try database.close()
    }

    @Test func theSecondWriterIsToldWhoHoldsTheLock() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("a.vdb")
        let first = try Database(path: path, embedder: TestEmbedder())
        var options = DatabaseOptions()
        options.embedder = TestEmbedder()
        options.lockTimeout = .milliseconds(100)
        let second = try Database(path: path, options: options)
        let (stream, continuation) = AsyncStream<Document>.makeStream()
        let (started, hasStarted) = AsyncStream<Void>.makeStream()
        let ingest = Task {
            var options = IngestOptions()
            options.acknowledged = { _ in hasStarted.yield() }
            return try await first.collection().ingest(stream, options: options)
        }
        continuation.yield(Document(id: "a", text: "apple"))
        for await _ in started { break }
        do {
            try await second.collection().ingest([Document(id: "b", text: "pear")])
            Issue.record("nothing was thrown")
        } catch {
            #expect((error as? DatabaseError)?.kind == .temporary)
            #expect("\(error)".contains("process \(ProcessInfo.processInfo.processIdentifier)"))
        }
        // Readers are not blocked.
        #expect(try await second.collection().query("apple").hits.map(\.id) == ["a"])
        continuation.finish()
        #expect(try await ingest.value.inserted == 1)
        try await second.collection().ingest([Document(id: "b", text: "pear")])
        #expect(try first.collection().count() == 2)
        try first.close()
        try second.close()
    }
}
