import FileFormat
import PostgresTestSupport
import Storage
import Synchronization
import TestSupport
import Testing

@testable import PostgresStorage
@testable import PostgresStore
@testable import VectorDatabase

/// Re-encoding by several processes, which here are several databases opened on the same server, while
/// others write and search.
@Suite(.needsServer)
struct SharedReindexTests {
    private static let lease = Duration.seconds(60)
    private static let old = HashEmbedder(seed: 1)

    private let uri: String

    init() throws { uri = try TestServer.database() }

    private func open(
        _ embedder: any Embedder = Self.old, smallestGraph: Int = 10_000
    ) throws -> Database {
        var options = DatabaseOptions()
        options.embedder = embedder
        var server = PostgresOptions()
        server.places = 2
        server.smallestGraph = smallestGraph
        return try Database(postgres: uri, options: options, server: server)
    }

    private static func documents(_ numbers: Range<Int>, _ word: String = "text") -> [Document] {
        numbers.map { Document(id: "d\($0)", text: "\(word) \($0) and \($0 % 7)") }
    }

    private static func reindex(
        _ database: Database, with embedder: any Embedder, lease: Duration = lease,
        progress: (@Sendable (DocumentCollection.ReindexProgress) -> Void)? = nil
    ) async throws {
        try await database.collection().reindex(
            with: embedder, replacing: nil, reusing: nil, lease: lease, progress: progress)
    }

    /// Every document has its vector by this embedder, and nothing else is left.
    private func verify(_ embedder: HashEmbedder, count: Int) async throws {
        let database = try open(embedder)
        let collection = database.collection()
        #expect(try collection.count() == count)
        #expect(try collection.recordedEmbedder?.fingerprint == embedder.identity.fingerprint)
        var wrong = 0
        for try await document in collection.export(includesVectors: true)
        where document.vector != embedder.vector(of: document.embeddedText) {
            wrong += 1
        }
        #expect(wrong == 0)
        #expect(try await database.check().isSound)
        #expect(try collection.jobs().isEmpty)
        let tables = try PostgresConnection(uri).run(
            "SELECT DISTINCT substring(relname from '^vector_\\d+_\\d+') FROM pg_class WHERE relname ~ '^vector_'"
        )
        #expect(tables.count == 1)
        try database.close()
    }

    @Test("Three workers encode every passage once")
    func together() async throws {
        let count = 6 * StagingUnit.mostPassages
        let first = try open()
        _ = try await first.collection().ingest(Self.documents(0..<count))
        // None goes on before all have something to do.
        let all = Meeting(of: 3)
        let workers = try (0..<3).map { _ in
            (try open(), HashEmbedder(seed: 2, before: { _ in await all.wait() }))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (database, embedder) in workers {
                group.addTask { try await Self.reindex(database, with: embedder) }
            }
            try await group.waitForAll()
        }
        #expect(workers.allSatisfy { $0.1.encoded.value > 0 })
        #expect(workers.reduce(0) { $0 + $1.1.encoded.value } == count)
        try await verify(HashEmbedder(seed: 2), count: count)
    }

    @Test("What others write meanwhile is encoded, too, before the model changes")
    func meanwhile() async throws {
        let writer = try open()
        _ = try await writer.collection().ingest(Self.documents(0..<2000))
        let calls = Counter()
        let reader = try open()
        // Before each of the first calls, another process adds, replaces and deletes.
        let embedder = HashEmbedder(seed: 2) { _ in
            calls.add(1)
            let round = calls.value
            guard round <= 12 else { return }
            let collection = writer.collection()
            _ = try await collection.ingest(
                Self.documents(2000 + 10 * round..<2010 + 10 * round)
                    + Self.documents(round * 5..<round * 5 + 3, "changed"))
            _ = try await collection.delete(["d\(1000 + round)"])
            // The old model, and all that was written.
            let answer = try await reader.collection().query(
                "changed \(round * 5)", limit: 5000, mode: .dense)
            #expect(answer.hits.count == 2000 + 10 * round - round)
        }
        // What comes last is left to the exchange, which writers wait for.
        let store = writer.store
        let record = try #require(try store.collection(named: "default"))
        let late = Counter()
        try await Self.reindex(try open(), with: embedder) { progress in
            guard progress.stage == .indexing, late.value == 0 else { return }
            let write = DocumentWrite(
                id: "late", contentHash: ContentHash(high: 1, low: 1),
                passages: [PassageWrite(text: "late", vector: Self.old.vector(of: "late"))])
            let outcome = try? store.write([write], to: record, onConflict: .replace)
            late.add(outcome?.documents == [.inserted] ? 1 : 0)
        }
        #expect(late.value == 1)
        let rounds = min(calls.value, 12)
        #expect(rounds > 4)
        try await verify(HashEmbedder(seed: 2), count: 2001 + 9 * rounds)
        // The old model's writer is refused now, and searches with it, too.
        await #expect(throws: DatabaseError.self) {
            try await writer.collection().ingest(Self.documents(9000..<9001))
        }
    }

    @Test("A worker that died is followed by another, and one that slept cannot write over it")
    func zombies() async throws {
        let first = try open()
        let count = 3 * StagingUnit.mostPassages
        _ = try await first.collection().ingest(Self.documents(0..<count))
        let store = try #require(first.store as? PostgresStore)
        let record = try #require(try store.collection(named: "default"))
        let embedder = HashEmbedder(seed: 2)
        try store.beginStaging(
            StagedModel(model: embedder.identity.asRecord, dimensions: 16), in: record)
        let job = try #require(
            try store.stagingJob(model: embedder.identity.fingerprint, in: record))
        #expect(try store.stagingJob(model: "another", in: record) == nil)
        let claim = try #require(
            try store.claim(
                from: job, worker: "dead", lease: .milliseconds(300), limit: 1, bytes: 0
            ).first)
        #expect(!store.isExchange(claim))
        let passages = try store.unstagedPassages(of: claim, limit: 10, in: record)
        #expect(passages.count == 10)
        let wrong = passages.map { (passage: $0.key, vector: [Float](repeating: 1, count: 16)) }
        // It stored a part before it died, which is not encoded again.
        let right = passages.prefix(4).map {
            (passage: $0.key, vector: embedder.vector(of: $0.text))
        }
        try store.stageVectors(right, in: record, moving: claim, of: job, lease: .milliseconds(300))
        try await Self.reindex(try open(), with: embedder, lease: .seconds(2))
        #expect(embedder.encoded.value == count - 4)
        #expect(throws: StoreError.self) {
            try store.stageVectors(wrong, in: record, moving: claim, of: job, lease: .seconds(1))
        }
        #expect(throws: (any Error).self) {
            try store.exchange(holding: claim, of: job, in: record, limit: 10) { _ in [] }
        }
        try await verify(HashEmbedder(seed: 2), count: count)
    }

    @Test("A stopped run is resumed with what it has; with another model it begins again")
    func resuming() async throws {
        let first = try open()
        let count = 2 * StagingUnit.mostPassages
        _ = try await first.collection().ingest(Self.documents(0..<count))
        func stopped(_ seed: UInt64) async throws -> Int {
            let calls = Counter()
            let embedder = HashEmbedder(seed: seed) { _ in
                calls.add(1)
                if calls.value == 3 { throw CancellationError() }
            }
            await #expect(throws: CancellationError.self) {
                try await Self.reindex(try open(), with: embedder)
            }
            return embedder.encoded.value
        }
        let done = try await stopped(2)
        #expect(done > 0 && done < count)
        let status = try #require(try first.collection().jobs().first)
        #expect(status.taken == 0 && status.open > 0)
        let again = HashEmbedder(seed: 2)
        try await Self.reindex(try open(), with: again)
        #expect(again.encoded.value == count - done)
        try await verify(again, count: count)

        _ = try await stopped(3)
        let other = HashEmbedder(seed: 4)
        try await Self.reindex(try open(other), with: other)
        #expect(other.encoded.value == count)
        try await verify(other, count: count)
    }

    @Test("The graphs of the new vectors are there when these are taken into use")
    func graphs() async throws {
        let first = try open(smallestGraph: 1000)
        let count = 1500
        _ = try await first.collection().ingest(Self.documents(0..<count))
        #expect(try first.collection().statistics().index.state == .graph)
        let store = try #require(first.store as? PostgresStore)
        let record = try #require(try store.collection(named: "default"))
        let embedder = HashEmbedder(seed: 2)
        try await Self.reindex(first, with: embedder)
        #expect(try first.collection().statistics().index.state == .graph)
        try await verify(embedder, count: count)

        // Step by step: they are there before the exchange.
        let next = HashEmbedder(seed: 3)
        try store.beginStaging(
            StagedModel(model: next.identity.asRecord, dimensions: 16), in: record)
        while let job = try store.stagingJob(model: next.identity.fingerprint, in: record) {
            let claim = try #require(
                try store.claim(from: job, worker: "w", lease: Self.lease, limit: 1, bytes: 0).first
            )
            if store.isExchange(claim) {
                try first.collection().index.prepareStaged(record, dimensions: 16)
                let found = try PostgresConnection(uri).run(
                    "SELECT relname FROM pg_class WHERE relname LIKE 'vector\\_1\\_3\\_p%\\_graph'")
                #expect(found.count == 2)
                _ = try store.exchange(holding: claim, of: job, in: record, limit: 10) { _ in [] }
                continue
            }
            let passages = try store.unstagedPassages(of: claim, limit: 5000, in: record)
            try store.stageVectors(
                passages.map { ($0.key, next.vector(of: $0.text)) }, in: record, moving: claim,
                of: job, lease: Self.lease)
            try store.finish([claim], of: job)
        }
        try await verify(next, count: count)
    }
}

private final class Counter: Sendable {
    private let state = Mutex(0)
    func add(_ count: Int) { state.withLock { $0 += count } }
    var value: Int { state.withLock { $0 } }
}

/// Lets its callers go on when there are enough of them.
private actor Meeting {
    private let size: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isOver = false

    init(of size: Int) { self.size = size }

    func wait() async {
        if isOver { return }
        if waiting.count + 1 == size {
            isOver = true
            for waiter in waiting { waiter.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}

/// Hashes words. Before it encodes documents it calls what it was given.
private final class HashEmbedder: Embedder, Sendable {
    let identity: EmbedderIdentity
    let encoded = Counter()
    private let seed: UInt64
    private let before: @Sendable ([String]) async throws -> Void

    init(
        seed: UInt64, before: @escaping @Sendable ([String]) async throws -> Void = { _ in }
    ) {
        self.seed = seed
        self.before = before
        identity = EmbedderIdentity(name: "hash\(seed)", fingerprint: "hash\(seed)", dimensions: 16)
    }

    func vector(of text: String) -> [Float] {
        HashEmbedding.vector(of: text, dimensions: identity.dimensions, seed: seed)
    }

    func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        try await before(texts)
        encoded.add(texts.count)
        return try await embedQueries(texts)
    }

    func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        texts.map { EncodedText(vector: vector(of: $0), tokenCount: 1, isTruncated: false) }
    }
}
