import Dispatch
import Synchronization
import TestSupport
import Testing
import VectorDatabase

/// How the application's `findEmbedder` is called when collections need their embedders.
struct EmbedderFinderTests {
    /// A database with one collection for each of `embedders`, named after it.
    private func database(_ folder: TemporaryFolder, _ embedders: [TestEmbedder]) async throws {
        for embedder in embedders {
            let database = try Database(path: folder.file("a.vdb"), embedder: embedder)
            try await database.collection(embedder.identity.name).ingest(
                [Document(id: "1", text: "apple pear")])
            try database.close()
        }
    }

    private func open(
        _ folder: TemporaryFolder,
        _ find: @escaping @Sendable (EmbedderIdentity?) throws -> (any Embedder)?
    ) throws -> Database {
        var options = DatabaseOptions()
        options.findEmbedder = find
        return try Database(path: folder.file("a.vdb"), options: options)
    }

    @Test func aFinderMayUseTheDatabase() async throws {
        let folder = TemporaryFolder()
        let first = TestEmbedder(name: "first", seed: 1)
        let second = TestEmbedder(name: "second", seed: 2)
        try await database(folder, [first, second])
        let opened = Mutex<Database?>(nil)
        let database = try open(folder) { recorded in
            guard recorded?.name == "first" else { return second }
            // Queries another collection, whose embedder is loaded for that.
            let other = try opened.withLock { $0 }?.collection("second").embedder
            #expect(other?.identity.name == "second")
            return first
        }
        opened.withLock { $0 = database }
        #expect(try database.collection("first").embedder.identity == first.identity)
        opened.withLock { $0 = nil }
        try database.close()
    }

    @Test func aFinderThatNeedsTheSameEmbedderIsRefused() async throws {
        let folder = TemporaryFolder()
        try await database(folder, [TestEmbedder(name: "first")])
        let opened = Mutex<Database?>(nil)
        let database = try open(folder) { _ in
            try opened.withLock { $0 }?.collection("first").embedder
        }
        opened.withLock { $0 = database }
        #expect {
            try database.collection("first").embedder
        } throws: { error in
            guard case DatabaseError.embedderUnavailable? = error as? DatabaseError else {
                return false
            }
            return true
        }
        opened.withLock { $0 = nil }
        try database.close()
    }

    @Test func findersThatNeedEachOtherAreRefusedAndDoNotHang() async throws {
        let folder = TemporaryFolder()
        let embedders = [TestEmbedder(name: "a", seed: 1), TestEmbedder(name: "b", seed: 2)]
        try await database(folder, embedders)
        let opened = Mutex<Database?>(nil)
        let started = Meeting(2)
        let database = try open(folder) { recorded in
            started.wait()
            let other = recorded?.name == "a" ? "b" : "a"
            let database = opened.withLock { $0 }
            return try database?.collection(other).embedder
        }
        opened.withLock { $0 = database }
        let failures = Counter()
        await concurrently(2) { index in
            do {
                _ = try database.collection(embedders[index].identity.name).embedder
            } catch { failures.add(1) }
        }
        #expect(failures.value == 2)
        opened.withLock { $0 = nil }
        try database.close()
    }

    @Test func twoEmbeddersLoadAtOnce() async throws {
        let folder = TemporaryFolder()
        let embedders = [TestEmbedder(name: "a", seed: 1), TestEmbedder(name: "b", seed: 2)]
        try await database(folder, embedders)
        let started = Meeting(2)
        let database = try open(folder) { recorded in
            #expect(started.wait(), "the second load waits for the first")
            return embedders.first { $0.identity == recorded }
        }
        await concurrently(2) { index in
            #expect(throws: Never.self) {
                _ = try database.collection(embedders[index].identity.name).embedder
            }
        }
        try database.close()
    }

    @Test func oneFingerprintLoadsOnce() async throws {
        let folder = TemporaryFolder()
        let embedder = TestEmbedder(name: "a")
        try await database(folder, [embedder])
        let loads = Counter()
        let started = DispatchSemaphore(value: 0)
        let database = try open(folder) { _ in
            loads.add(1)
            // Time for the others to arrive and wait. The test passes without it, too.
            _ = started.wait(timeout: .now() + .milliseconds(50))
            return embedder
        }
        await concurrently(8) { _ in
            #expect(throws: Never.self) { _ = try database.collection("a").embedder }
        }
        #expect(loads.value == 1)
        try database.close()
    }

    @Test func whatANewCollectionWasFilledWithIsNotLoadedAgain() async throws {
        let folder = TemporaryFolder()
        let loads = Counter()
        let database = try open(folder) { _ in
            loads.add(1)
            return TestEmbedder(name: "a")
        }
        try await database.collection().ingest([Document(id: "1", text: "apple pear")])
        _ = try await database.collection().query("apple")
        #expect(loads.value == 1)
        try database.close()
    }

    @Test func theApplicationsOwnErrorsPass() async throws {
        struct Own: Error, Equatable { let number: Int }
        let folder = TemporaryFolder()
        try await database(folder, [TestEmbedder(name: "a")])
        let database = try open(folder) { _ in throw Own(number: 7) }
        #expect(throws: Own(number: 7)) { try database.collection("a").embedder }
        try database.close()
    }

    @Test func aFailureIsNotKept() async throws {
        let folder = TemporaryFolder()
        let embedder = TestEmbedder(name: "a")
        try await database(folder, [embedder])
        let calls = Counter()
        let database = try open(folder) { _ in
            calls.add(1)
            if calls.value == 1 {
                throw EmbedderUnavailable(path: "models/a", underlying: CancellationError())
            }
            return calls.value == 2 ? TestEmbedder(name: "other") : embedder
        }
        let collection = database.collection("a")
        #expect {
            try collection.embedder
        } throws: { error in
            guard case .embedderUnavailable(path: "models/a", _)? = error as? DatabaseError
            else { return false }
            return true
        }
        #expect {
            try collection.embedder
        } throws: { error in
            guard case .embedderMismatch(collection: "a", _, let given)? = error as? DatabaseError
            else { return false }
            return given.name == "other"
        }
        #expect(try collection.embedder.identity == embedder.identity)
        #expect(calls.value == 3)
        try database.close()
    }

    /// Runs `body` on threads that may block, `count` at once.
    private func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
        await withCheckedContinuation { continuation in
            let group = DispatchGroup()
            for index in 0..<count {
                group.enter()
                DispatchQueue.global().async {
                    body(index)
                    group.leave()
                }
            }
            group.notify(queue: .global()) { continuation.resume() }
        }
    }
}

/// Lets threads wait until all have arrived.
private final class Meeting: Sendable {
    private let missing: Mutex<Int>
    private let complete = DispatchSemaphore(value: 0)
    private let count: Int

    init(_ count: Int) {
        missing = Mutex(count)
        self.count = count
    }

    /// - Returns: `false` if the others do not arrive within half a minute.
    @discardableResult func wait() -> Bool {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isLast { for _ in 0..<count { complete.signal() } }
        return complete.wait(timeout: .now() + 30) == .success
    }
}
