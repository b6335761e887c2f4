import Synchronization
import TextBytes
import VectorDatabase

/// Stores single documents of many requests, and lets those that wait share a commit: a hundred small
/// writes cost about as much as one.
///
/// 1. While one commit runs, documents for the same collection gather; the next takes them all.
/// 2. A request is answered after the commit that made its document durable.
/// 3. A document that cannot be stored fails its own request only.
/// 4. Two documents of one id go into different commits, in the order of their requests.
final class SharedCommits: Sendable {
    private struct Request: Sendable {
        let document: Document
        let chunking: Chunking?
        let continuation: CheckedContinuation<IngestSummary, any Error>
    }

    /// What waits for each collection that is being written to.
    private let waiting = Mutex<[Identifier: [Request]]>([:])

    private let metrics: Metrics

    /// The most documents in a commit.
    private static let largest = 256

    /// - Parameter metrics: where commits are counted.
    init(metrics: Metrics) { self.metrics = metrics }

    /// Stores a document, replacing another one of its id.
    ///
    /// - Returns: what became of it.
    func put(
        _ document: Document, into collection: DocumentCollection, chunking: Chunking?
    ) async throws -> IngestSummary {
        let started = ContinuousClock.now
        var summary: IngestSummary = try await withCheckedThrowingContinuation { continuation in
            let request = Request(
                document: document, chunking: chunking, continuation: continuation)
            if add(request, for: Identifier(collection.name)) {
                Task { await self.write(to: collection) }
            }
        }
        summary.seconds = (ContinuousClock.now - started) / .seconds(1)
        return summary
    }

    /// - Returns: whether nobody writes to the collection yet.
    private func add(_ request: Request, for key: Identifier) -> Bool {
        waiting.withLock { waiting in
            let isFirst = waiting[key] == nil
            waiting[key, default: []].append(request)
            return isFirst
        }
    }

    /// Commits until nothing waits.
    private func write(to collection: DocumentCollection) async {
        while let batch = take(for: Identifier(collection.name)) {
            let results = Mutex<[Identifier: Result<IngestSummary, any Error>]>([:])
            var options = IngestOptions()
            options.committed = metrics.committed
            options.onFailure = .skip
            options.chunking = batch[0].chunking
            options.settled = { document, summary in
                results.withLock { $0[Identifier(document.id)] = .success(summary) }
            }
            options.failed = { document, error in
                results.withLock { $0[Identifier(document.id)] = .failure(error) }
            }
            var failure: any Error = CancellationError()
            do {
                try await collection.ingest(batch.map(\.document), options: options)
            } catch { failure = error }
            for request in batch {
                let result = results.withLock { $0[Identifier(request.document.id)] }
                request.continuation.resume(with: result ?? .failure(failure))
            }
        }
    }

    /// The documents of the next commit; `nil` if nothing waits.
    private func take(for key: Identifier) -> [Request]? {
        waiting.withLock { waiting in
            var batch: [Request] = []
            var later: [Request] = []
            var ids: Set<Identifier> = []
            var delayed: Set<Identifier> = []
            for request in waiting[key] ?? [] {
                let id = Identifier(request.document.id)
                if batch.count < Self.largest, !delayed.contains(id),
                    batch.isEmpty || batch[0].chunking == request.chunking,
                    ids.insert(id).inserted
                {
                    batch.append(request)
                } else {
                    delayed.insert(id)
                    later.append(request)
                }
            }
            waiting[key] = batch.isEmpty ? nil : later
            return batch.isEmpty ? nil : batch
        }
    }
}
