import VectorDatabase

/// How a request wants its documents stored.
struct IngestParameters: Sendable {
    let onConflict: IngestOptions.Conflict
    let onError: IngestOptions.Failure
    let chunking: Chunking?

    init(_ call: Call) throws(RequestFailure) {
        let parameters = try call.parameters(
            "on_conflict", "on_error", "chunk_tokens", "chunk_overlap")
        onConflict = try parameters.choice("on_conflict", IngestOptions.Conflict.self) ?? .replace
        onError = try parameters.choice("on_error", IngestOptions.Failure.self) ?? .stop
        chunking = try Self.chunking(parameters)
    }

    /// As on the command line: only documents that are longer than the model reads are cut, unless
    /// `chunk_tokens` says otherwise; 0 cuts none.
    static func chunking(_ parameters: QueryParameters) throws(RequestFailure) -> Chunking? {
        let tokens = try parameters.integer("chunk_tokens", in: 0...1_048_576)
        let overlap = try parameters.integer("chunk_overlap", in: 0...1_048_576)
        if tokens == 0 { return nil }
        let maximum = tokens ?? Chunking.defaultMaximumTokens
        if let overlap, overlap >= maximum {
            throw .wrongValue(name: "chunk_overlap", expected: "less than chunk_tokens")
        }
        return Chunking(
            maximumTokens: maximum, overlapTokens: overlap ?? Chunking.defaultOverlapTokens,
            cutsRecords: tokens != nil)
    }

    /// - Parameter metrics: where commits are counted.
    func options(_ metrics: Metrics) -> IngestOptions {
        var options = IngestOptions()
        options.committed = metrics.committed
        options.onConflict = onConflict
        options.onFailure = onError
        options.chunking = chunking
        return options
    }
}
