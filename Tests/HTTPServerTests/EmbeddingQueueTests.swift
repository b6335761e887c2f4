import Synchronization
import Testing
import VectorDatabase

@testable import HTTPServer

@Suite struct EmbeddingQueueTests {
    /// Gives each text its length; documents wait until they are let go.
    private final class LengthEmbedder: Embedder {
        let identity = EmbedderIdentity(name: "length", fingerprint: "length-1", dimensions: 1)
        let begun = AsyncStream<Void>.makeStream()
        private let gate = AsyncStream<Void>.makeStream()
        private let batchSizes = Mutex<[Int]>([])

        var batches: [Int] { batchSizes.withLock { $0 } }

        func release() { gate.continuation.finish() }

        func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
            begun.continuation.yield()
            for await _ in gate.stream {}
            return try await embedQueries(texts)
        }

        func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
            batchSizes.withLock { $0.append(texts.count) }
            return texts.map { EncodedText(vector: [Float($0.utf8.count)]) }
        }
    }

    private let embedder = LengthEmbedder()
    private let queue = EmbeddingQueue(limit: 1000)

    private func lengths(
        _ texts: [String], _ kind: EmbeddingQueue.Kind, _ priority: EmbeddingQueue.Priority
    ) async throws -> [Float] {
        try await queue.encode(texts, kind: kind, priority: priority, with: embedder)
            .map { $0.vector[0] }
    }

    /// Queries are answered while documents are being encoded, and each text gets its own vector.
    @Test func queriesDoNotWaitForDocuments() async throws {
        let texts = (0..<3000).map { String(repeating: "a", count: $0 % 97) }
        async let documents = lengths(texts, .document, .ingest)
        #expect(try await lengths(["a", "", "abc"], .query, .query) == [1, 0, 3])
        embedder.release()
        #expect(try await documents == texts.map { Float($0.utf8.count) })
        // They shared batches.
        #expect(embedder.batches.count < 100)
    }

    /// A place in the queue is given up by those who are canceled.
    @Test func cancellation() async throws {
        let texts = (0..<3000).map { String(repeating: "b", count: $0 % 97) }
        let first = Task { try await lengths(texts, .document, .ingest) }
        for await _ in embedder.begun.stream { break }
        let second = Task { try await lengths(texts, .document, .ingest) }
        second.cancel()
        await #expect(throws: (any Error).self) { try await second.value }
        embedder.release()
        #expect(try await first.value.count == 3000)
    }
}
