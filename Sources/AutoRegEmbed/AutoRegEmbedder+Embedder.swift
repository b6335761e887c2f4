import Embedding
import Synchronization

/// As an `Embedder`, queries are encoded with the retrieval task's instruction `next`, documents
/// with `self`.
extension AutoRegEmbedder: ScoringEmbedder {
    /// The identity that a database records and compares. The first use hashes all weights; for large
    /// models the hash is cached.
    public var identity: EmbedderIdentity {
        EmbedderIdentity(
            name: parts.name, fingerprint: fingerprint, dimensions: dimensions,
            path: parts.location?.path, settings: recordedSettings)
    }

    /// Vectors of documents, in order: `H` elements each, with the instruction `self`.
    ///
    /// - Throws: ``AutoRegEmbedError``; `CancellationError` if the task is cancelled.
    public func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
        try await embed(texts, instruction: .self_)
    }

    /// Vectors of queries, in order: `H` elements each, with the instruction `next`.
    ///
    /// - Throws: ``AutoRegEmbedError``; `CancellationError` if the task is cancelled.
    public func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
        try await embed(texts, instruction: .next)
    }

    /// log p(document | e(query)) of each document, in order, as
    /// ``score(query:documents:instruction:task:isCancelled:)`` computes it.
    ///
    /// - Throws: ``AutoRegEmbedError``; `CancellationError` if the task is cancelled.
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

extension AutoRegEmbedder: ModelEmbedder {
    /// The text of ids of the tokenizer; `nil` if it lacks one.
    public func text(ofTokens ids: [Int]) -> String? { tokenizer.text(ofTokens: ids) }
}

/// Runs `body` with a closure that tells its threads whether the waiting task has been cancelled.
package func stoppingWhenCancelled<Result>(
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
