import AutoRegEmbed
import Foundation
import Synchronization
import VectorDatabase
import VectorMath

/// The one queue for texts that wait to be encoded, in two classes: queries before documents.
///
/// 1. While a batch is encoded, texts gather; the next batch takes those of one kind, of all requests
///    together, up to ``batchTokens``.
/// 2. Queries never wait for documents: each class has batches of its own.
/// 3. While there are queries, documents get the processor time that those leave: each batch is encoded
///    on one background thread, as many batches at once as there are cores. Otherwise one batch at a
///    time uses all cores.
/// 4. No text changes another's vector beyond rounding: that is the embedder's contract.
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

    private struct Batch: Sendable {
        let jobs: [Job]
        let priority: Priority
        let isInBackground: Bool
    }

    private struct State {
        var waiting: [Priority: [Job]] = [.query: [], .ingest: []]
        /// The batches that are being encoded.
        var running: [Priority: Int] = [:]
        var last = 0
        /// Tokens per second, measured.
        var speed = 5000.0
        var encoded: [Priority: Int] = [:]
        var lastQuery: ContinuousClock.Instant?
        var batches = Histogram(bounds: [16, 64, 256, 1024, 2048, 4096, 8192, 16_384])

        /// Whether more queries are to be expected.
        var hasQueries: Bool { lastQuery.map { .now - $0 < queryPause } ?? false }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let cores = ProcessInfo.processInfo.activeProcessorCount

    /// The most tokens of a batch, apart from a longer text.
    private static let batchTokens = 8192
    /// The most tokens of a batch on one thread: enough for an embedder to be efficient.
    private static let backgroundTokens = 1024
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

    /// The tokens of a text, roughly.
    static func estimate(_ text: String) -> Int { text.utf8.count / 4 + 8 }

    // MARK: Waiting

    /// Encodes texts when their turn comes.
    func encode(
        _ texts: [String], kind: Kind, priority: Priority, with embedder: any Embedder
    ) async throws -> [EncodedText] {
        let parts = Self.parts(of: texts)
        if parts.count == 1 { return try await wait(texts, kind, priority, embedder) }
        return try await withThrowingTaskGroup(of: (Int, [EncodedText]).self) { group in
            for (index, part) in parts.enumerated() {
                group.addTask { (index, try await self.wait(part, kind, priority, embedder)) }
            }
            var results = [[EncodedText]](repeating: [], count: parts.count)
            while let (index, result) = try await group.next() { results[index] = result }
            return results.flatMap { $0 }
        }
    }

    /// Texts in pieces that several threads can share; batches join them again.
    private static func parts(of texts: [String]) -> [[String]] {
        var parts: [[String]] = []
        var part: [String] = []
        var tokens = 0
        for text in texts {
            let count = estimate(text)
            if !part.isEmpty, tokens + count > backgroundTokens {
                parts.append(part)
                (part, tokens) = ([], 0)
            }
            part.append(text)
            tokens += count
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    private func wait(
        _ texts: [String], _ kind: Kind, _ priority: Priority, _ embedder: any Embedder
    ) async throws -> [EncodedText] {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let job = Job(
                    id: id, texts: texts, tokens: texts.reduce(0) { $0 + Self.estimate($1) },
                    kind: kind, embedder: embedder, continuation: continuation)
                let isCancelled = state.withLock { state in
                    if Task.isCancelled { return true }
                    if priority == .query { state.lastQuery = .now }
                    state.waiting[priority]?.append(job)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
                start(priority)
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

    // MARK: Encoding

    /// Starts batches if texts wait and not enough are being encoded.
    private func start(_ priority: Priority) {
        while let batch = takeBatch(priority) {
            Task(executorPreference: BlockingExecutor.shared) {
                await self.encode(batch)
                self.state.withLock { $0.running[priority, default: 0] -= 1 }
                self.start(priority)
            }
        }
    }

    private func takeBatch(_ priority: Priority) -> Batch? {
        state.withLock { state in
            let isInBackground = priority == .ingest && state.hasQueries
            let most = isInBackground ? Self.backgroundTokens : Self.batchTokens
            guard let first = state.waiting[priority]?.first,
                state.running[priority, default: 0] < (isInBackground ? cores : 1)
            else { return nil }
            var jobs: [Job] = []
            var others: [Job] = []
            var tokens = 0
            for job in state.waiting[priority] ?? [] {
                if jobs.isEmpty || job.fits(beside: first) && tokens + job.tokens <= most {
                    jobs.append(job)
                    tokens += job.tokens
                } else {
                    others.append(job)
                }
            }
            state.waiting[priority] = others
            state.running[priority, default: 0] += 1
            return Batch(jobs: jobs, priority: priority, isInBackground: isInBackground)
        }
    }

    private func encode(_ batch: Batch) async {
        let started = ContinuousClock.now
        do {
            let encoded = try await Self.encode(batch)
            var rest = encoded[...]
            for job in batch.jobs {
                job.continuation.resume(returning: Array(rest.prefix(job.texts.count)))
                rest = rest.dropFirst(job.texts.count)
            }
            note(encoded, batch.priority, seconds: (ContinuousClock.now - started) / .seconds(1))
        } catch {
            for job in batch.jobs { job.continuation.resume(throwing: error) }
        }
    }

    private static func encode(_ batch: Batch) async throws -> [EncodedText] {
        guard let first = batch.jobs.first else { return [] }
        let texts = batch.jobs.flatMap(\.texts)
        let encoded = try await encode(
            texts, first.kind, with: first.embedder, isInBackground: batch.isInBackground)
        guard encoded.count == texts.count else {
            throw DatabaseError.encodingFailed(
                embedder: "'\(first.embedder.identity.name)'",
                reason: "it gave \(encoded.count) vectors for \(texts.count) texts")
        }
        return encoded
    }

    private static func encode(
        _ texts: [String], _ kind: Kind, with embedder: any Embedder, isInBackground: Bool
    ) async throws -> [EncodedText] {
        guard let model = embedder as? any ModelEmbedder else {
            switch kind {
            case .query: return try await embedder.embedQueries(texts)
            case .document: return try await embedder.embedDocuments(texts)
            case .instructed: throw RequestFailure.noModel(embedder: embedder.identity.name)
            }
        }
        let (instruction, task): (Instruction, EmbeddingTask) =
            switch kind {
            case .query: (.next, .retrieval)
            case .document: (.self_, .retrieval)
            case .instructed(let instruction, let task): (instruction, task)
            }
        @Sendable func encode() throws -> [EncodedText] {
            try model.encode(
                texts, instruction: instruction, task: task, isCancelled: { false })
        }
        guard isInBackground else { return try encode() }
        return try BackgroundThread.run {
            try ThreadLimit.$current.withValue(1) { try encode() }
        }
    }

    private func note(_ encoded: [EncodedText], _ priority: Priority, seconds: Double) {
        let tokens = encoded.reduce(0) { $0 + $1.tokenCount }
        state.withLock { state in
            state.encoded[priority, default: 0] += tokens
            state.batches.add(Double(tokens))
            // Short batches tell little, and those in the background have a share of the cores only.
            if priority == .query || !state.hasQueries, tokens > 128, seconds > 0 {
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
