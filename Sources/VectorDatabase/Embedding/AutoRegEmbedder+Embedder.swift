import AutoRegEmbed
import Synchronization

/// Queries are encoded with the instruction `next`, documents with `self`, of the retrieval task.
extension AutoRegEmbedder: ScoringEmbedder {
    // AutoRegEmbed's own `identity` is meant where no type says otherwise.
    @_disfavoredOverload
    public var identity: EmbedderIdentity {
        let identity = modelIdentity
        return EmbedderIdentity(
            name: identity.name, fingerprint: identity.fingerprint,
            dimensions: identity.dimensions, path: identity.path,
            settings: [
                "pooling": .string(identity.pooling.rawValue),
                "compressed_tokens": .integer(Int64(identity.compressedTokens)),
                "max_length": .integer(Int64(identity.maximumLength)),
                "normalize": .bool(identity.isNormalized),
                "precision": .string(identity.precision.rawValue),
            ])
    }

    public func embedDocuments(_ texts: [String]) async throws -> [Embedding] {
        try await embed(texts, instruction: .self_)
    }

    public func embedQueries(_ texts: [String]) async throws -> [Embedding] {
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
    ) async throws -> [Embedding] {
        try await stoppingWhenCancelled { isCancelled in
            try encode(texts, instruction: instruction, isCancelled: isCancelled).map { text in
                Embedding(
                    vector: text.vector, tokenCount: text.tokenCount,
                    isTruncated: text.isTruncated)
            }
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
