import AutoRegEmbed
import ModelContextProtocol
import NIOPosix
import Synchronization
import VectorDatabase

/// What the routes share.
final class Services: Sendable {
    let database: Database
    let isReadOnly: Bool
    let keys: KeyRing
    let limits: Limits
    let version: String
    let lifecycle = Lifecycle()
    let clients = ConnectedClients()
    let metrics: Metrics
    let log: ServerLog
    let commits: SharedCommits
    let model: ServedModel
    let queue: EmbeddingQueue
    /// The model that reranks by question; `nil` if the server has none.
    let reranking: RerankingQueue?
    let tokenIDs: TokenIDs
    let tools: @Sendable (ToolAccess) -> any ToolProvider
    /// The threads for calls of the database that block, so that no event loop does.
    private let lanes: NIOThreadPool
    private let waitingWrites = Mutex(0)

    init(_ configuration: ServerConfiguration) {
        database = configuration.database
        isReadOnly = database.options.access == .readOnly
        keys = configuration.keys
        limits = configuration.limits
        version = configuration.version
        metrics = Metrics(version: configuration.version, queue: configuration.queue)
        commits = SharedCommits(metrics: metrics)
        log = configuration.log
        queue = configuration.queue
        reranking = configuration.questionScorer.map {
            RerankingQueue($0, limit: configuration.limits.waitingRerankings)
        }
        tokenIDs = configuration.tokenIDs
        tools = configuration.tools
        model = ServedModel(
            database: configuration.database, queue: configuration.queue,
            aliases: configuration.modelAliases)
        lanes = NIOThreadPool(numberOfThreads: configuration.lanes)
        lanes.start()
    }

    func stop() async { try? await lanes.shutdownGracefully() }

    /// Runs a call of the database that blocks its thread.
    func reading<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result { try await lanes.runIfActive(body) }

    /// Runs a write, unless too many wait already. The database queues them for its one writer.
    ///
    /// - Throws: `tooManyWrites`.
    func writing<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let isFull = waitingWrites.withLock { waiting in
            guard waiting < limits.waitingWrites else { return true }
            waiting += 1
            return false
        }
        if isFull { throw RequestFailure.tooManyWrites(limit: limits.waitingWrites) }
        defer { waitingWrites.withLock { $0 -= 1 } }
        return try await body()
    }

    /// A collection that must exist.
    func collection(of call: Call) throws -> DocumentCollection {
        database.collection(try call.collectionName())
    }
}

/// Whether the server takes requests, and how long those that run may go on.
final class Lifecycle: Sendable {
    private struct State {
        var isReady = false
        var isDraining = false
        var isExpired = false
        var waiters: [Int: @Sendable () -> Void] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    /// Whether requests are taken: after the start, and before the end.
    var isReady: Bool { state.withLock { $0.isReady && !$0.isDraining } }
    var isDraining: Bool { state.withLock { $0.isDraining } }

    func begin() { state.withLock { $0.isReady = true } }
    func drain() { state.withLock { $0.isDraining = true } }

    /// Ends what still runs.
    func expire() {
        let waiters = state.withLock { state in
            state.isExpired = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter() }
    }

    /// Runs `body`; calls `stop` if it still runs when the time to drain is over.
    func stopping<Result>(
        _ stop: @escaping @Sendable () -> Void, _ body: () async throws -> Result
    ) async rethrows -> Result {
        let ticket = state.withLock { state -> Int? in
            if state.isExpired { return nil }
            state.last += 1
            state.waiters[state.last] = stop
            return state.last
        }
        if ticket == nil { stop() }
        defer { if let ticket { state.withLock { $0.waiters[ticket] = nil } } }
        return try await body()
    }
}
