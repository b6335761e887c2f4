import VectorDatabase

extension EmbeddingQueue {
    /// An embedder whose texts go through the queue, for the database.
    package func wrap(_ embedder: any Embedder) -> any Embedder {
        if let scoring = embedder as? any ScoringEmbedder {
            return QueuedScoringEmbedder(base: scoring, queue: self)
        }
        return QueuedEmbedder(base: embedder, queue: self)
    }
}

/// An embedder behind a queue.
protocol EmbedderBehindQueue: Embedder {
    associatedtype Base
    var base: Base { get }
    var queue: EmbeddingQueue { get }
    /// The embedder that does the work.
    var worker: any Embedder { get }
}

extension EmbedderBehindQueue {
    var identity: EmbedderIdentity { worker.identity }
    var hybridWeight: Double? { worker.hybridWeight }
    var tokenVectors: (any TokenVectors)? { worker.tokenVectors }
    var maximumTokenCount: Int? { worker.maximumTokenCount }

    func tokenCount(of text: String) -> Int { worker.tokenCount(of: text) }

    func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        try await queue.encode(texts, kind: .document, priority: .ingest, with: worker)
    }

    func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        try await queue.encode(texts, kind: .query, priority: .query, with: worker)
    }
}

private struct QueuedEmbedder: EmbedderBehindQueue {
    let base: any Embedder
    let queue: EmbeddingQueue
    var worker: any Embedder { base }
}

private struct QueuedScoringEmbedder: EmbedderBehindQueue, ScoringEmbedder {
    let base: any ScoringEmbedder
    let queue: EmbeddingQueue
    var worker: any Embedder { base }

    func logProbabilities(of documents: [String], given query: String) async throws -> [Double] {
        try await base.logProbabilities(of: documents, given: query)
    }
}
