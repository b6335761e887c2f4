import AutoRegEmbed
import Synchronization
import VectorDatabase

/// The one queue for texts that wait to be encoded, in two classes: queries before documents.
///
/// 1. One batch is encoded at a time, since it uses all cores. While it runs, texts gather; the next
///    batch takes those of one kind, of all requests together, up to ``batchTokens``.
/// 2. A query waits for one batch of documents at most. While there are queries, those batches are so
///    short that they take about ``patience``; otherwise long ones are encoded faster.
/// 3. No text changes another's vector beyond rounding: that is the embedder's contract.
///
/// Tokens are estimated from bytes; it only matters that they are of the right size.
package final class EmbeddingQueue: Sendable {
    /// How a text is encoded. Only texts of one kind share a batch.
    enum Kind: Hashable, Sendable {
        case query
        case document
        case instructed(Instruction, EmbeddingTask)
    }

    enum Priority: Int, Sendable, CaseIterable { case query, ingest }

    /// Texts of one request and one embedder.
    private struct Job: Sendable {
        let id: Int
        let texts: [String]
        let tokens: Int
        let kind: Kind
        let embedder: any Embedder
        let continuation: CheckedContinuation<[EncodedText], any Error>

        func fits(beside other: Job) -> Bool {
            kind == other.kind
                && embedder.identity.fingerprint == other.embedder.identity.fingerprint
        }
    }

    private struct State {
        var waiting: [Priority: [Job]] = [.query: [], .ingest: []]
        var isRunning = false
        var last = 0
        /// Tokens per second, measured.
        var speed = 5000.0
        var encoded: [Priority: Int] = [:]
        var lastQuery: ContinuousClock.Instant?
        var batches = Histogram(bounds: [16, 64, 256, 1024, 2048, 4096, 8192, 16_384])
    }

    private let state = Mutex(State())
    private let limit: Int

    /// The most tokens of a batch, apart from a longer text.
    private static let batchTokens = 8192

    /// How long a batch of documents may hold up queries, in seconds.
    private static let patience = 0.025
    /// The fewest tokens that are worth a batch.
    private static let leastTokens = 256
    /// How long after a query others are expected.
    private static let queryPause = Duration.seconds(10)

    /// - Parameter limit: the tokens that may wait before more queries are refused.
    package init(limit: Int) { self.limit = limit }

    /// - Throws: `embedderBusy` if more tokens wait than may.
    func admit() throws(RequestFailure) {
        let seconds = state.withLock { state -> Int? in
            let waiting = Self.tokens(state, .query)
            guard waiting >= limit else { return nil }
            return max(1, min(60, Int((Double(waiting) / max(1, state.speed)).rounded(.up))))
        }
        if let seconds { throw .embedderBusy(retryAfter: seconds) }
    }

    private static func tokens(_ state: State, _ priority: Priority) -> Int {
        (state.waiting[priority] ?? []).reduce(0) { $0 + $1.tokens }
    }

    /// Encodes texts when their turn comes.
    func encode(
        _ texts: [String], kind: Kind, priority: Priority, with embedder: any Embedder
    ) async throws -> [EncodedText] {
        var result: [EncodedText] = []
        result.reserveCapacity(texts.count)
        var rest = texts[...]
        while !rest.isEmpty {
            let most = largestBatch(priority)
            var part: [String] = []
            var tokens = 0
            while let text = rest.first {
                let count = Self.estimate(text)
                if !part.isEmpty, tokens + count > most { break }
                part.append(text)
                tokens += count
                rest.removeFirst()
            }
            result += try await wait(part, tokens, kind, priority, embedder)
        }
        return result
    }

    private func largestBatch(_ priority: Priority) -> Int {
        state.withLock { state in
            if priority == .query {
                state.lastQuery = .now
            } else if let last = state.lastQuery, .now - last < Self.queryPause {
                return max(
                    Self.leastTokens, min(Int(state.speed * Self.patience), Self.batchTokens))
            }
            return Self.batchTokens
        }
    }

    /// The tokens of a text, roughly.
    static func estimate(_ text: String) -> Int { text.utf8.count / 4 + 8 }

    private func wait(
        _ texts: [String], _ tokens: Int, _ kind: Kind, _ priority: Priority,
        _ embedder: any Embedder
    ) async throws -> [EncodedText] {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isFirst = state.withLock { state -> Bool? in
                    if Task.isCancelled { return nil }
                    state.waiting[priority]?.append(
                        Job(
                            id: id, texts: texts, tokens: tokens, kind: kind, embedder: embedder,
                            continuation: continuation))
                    defer { state.isRunning = true }
                    return !state.isRunning
                }
                switch isFirst {
                case nil: continuation.resume(throwing: CancellationError())
                case true?:
                    Task(executorPreference: BlockingExecutor.shared) { await self.run() }
                case false?: break
                }
            }
        } onCancel: {
            let job = state.withLock { state -> Job? in
                guard let place = state.waiting[priority]?.firstIndex(where: { $0.id == id })
                else { return nil }
                return state.waiting[priority]?.remove(at: place)
            }
            job?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Encodes batch after batch until nothing waits.
    private func run() async {
        while let (batch, priority) = takeBatch() {
            let started = ContinuousClock.now
            do {
                let encoded = try await Self.encode(batch)
                var rest = encoded[...]
                for job in batch {
                    job.continuation.resume(returning: Array(rest.prefix(job.texts.count)))
                    rest = rest.dropFirst(job.texts.count)
                }
                note(encoded, priority, seconds: (ContinuousClock.now - started) / .seconds(1))
            } catch {
                for job in batch { job.continuation.resume(throwing: error) }
            }
        }
    }

    private func takeBatch() -> (jobs: [Job], priority: Priority)? {
        state.withLock { state in
            for priority in Priority.allCases {
                guard let first = state.waiting[priority]?.first else { continue }
                var batch: [Job] = []
                var others: [Job] = []
                var tokens = 0
                for job in state.waiting[priority] ?? [] {
                    if batch.isEmpty
                        || job.fits(beside: first) && tokens + job.tokens <= Self.batchTokens
                    {
                        batch.append(job)
                        tokens += job.tokens
                    } else {
                        others.append(job)
                    }
                }
                state.waiting[priority] = others
                return (batch, priority)
            }
            state.isRunning = false
            return nil
        }
    }

    private static func encode(_ batch: [Job]) async throws -> [EncodedText] {
        guard let first = batch.first else { return [] }
        let texts = batch.flatMap(\.texts)
        let encoded: [EncodedText]
        switch first.kind {
        case .query: encoded = try await first.embedder.embedQueries(texts)
        case .document: encoded = try await first.embedder.embedDocuments(texts)
        case .instructed(let instruction, let task):
            guard let model = first.embedder as? any ModelEmbedder else {
                throw RequestFailure.noModel(embedder: first.embedder.identity.name)
            }
            encoded = try model.encode(
                texts, instruction: instruction, task: task, isCancelled: { false })
        }
        guard encoded.count == texts.count else {
            throw DatabaseError.encodingFailed(
                embedder: "'\(first.embedder.identity.name)'",
                reason: "it gave \(encoded.count) vectors for \(texts.count) texts")
        }
        return encoded
    }

    private func note(_ encoded: [EncodedText], _ priority: Priority, seconds: Double) {
        let tokens = encoded.reduce(0) { $0 + $1.tokenCount }
        state.withLock { state in
            state.encoded[priority, default: 0] += tokens
            state.batches.add(Double(tokens))
            // Short batches tell little.
            if tokens > Self.leastTokens / 2, seconds > 0 {
                state.speed = 0.8 * state.speed + 0.2 * Double(tokens) / seconds
            }
        }
    }

    func write(to page: inout MetricsPage) {
        let state = state.withLock { $0 }
        page.family("vdb_embed_tokens_total", .counter, "Tokens encoded, by class.")
        for priority in Priority.allCases {
            page.sample(
                "vdb_embed_tokens_total", [("class", "\(priority)")],
                "\(state.encoded[priority] ?? 0)")
        }
        page.family("vdb_embed_batch_tokens", .histogram, "Tokens of a batch.")
        page.histogram("vdb_embed_batch_tokens", [], state.batches)
        page.family(
            "vdb_embed_queue_tokens", .gauge, "Tokens that wait to be encoded, estimated.")
        for priority in Priority.allCases {
            page.sample(
                "vdb_embed_queue_tokens", [("class", "\(priority)")],
                "\(Self.tokens(state, priority))")
        }
    }
}
