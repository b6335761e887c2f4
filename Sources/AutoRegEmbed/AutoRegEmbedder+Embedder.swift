import Embedding
import Synchronization

/// Queries are encoded with the instruction `next`, documents with `self`, of the retrieval task.
extension AutoRegEmbedder: ScoringEmbedder {
    /// What a database records and compares. The first use reads all weights once, at the memory's
    /// speed.
    public var identity: EmbedderIdentity {
        EmbedderIdentity(
            name: parts.name, fingerprint: fingerprint, dimensions: dimensions,
            path: parts.location?.path, settings: recordedSettings)
    }

    public func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        try await embed(texts, instruction: .self_)
    }

    public func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        try await embed(texts, instruction: .next)
    }

    public func logProbabilities(
        of documents: [String], given query: String
    ) async throws -> [Double] {
        try await stoppingWhenCancelled { isCancelled in
            try score(query: query, documents: documents, isCancelled: isCancelled)
                .map(\.logProbability)
        }
    }

    private func embed(
        _ texts: [String], instruction: Instruction
    ) async throws -> [EncodedText] {
        try await stoppingWhenCancelled { isCancelled in
            try encode(texts, instruction: instruction, isCancelled: isCancelled)
        }
    }
}

/// Runs `body` with a question that its own threads can ask: whether the task that waits for it
/// has been cancelled.
private func stoppingWhenCancelled<Result>(
    _ body: (@escaping @Sendable () -> Bool) throws -> Result
) async throws -> Result {
    let flag = Flag()
    return try await withTaskCancellationHandler {
        try body { flag.isSet }
    } onCancel: {
        flag.set()
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
