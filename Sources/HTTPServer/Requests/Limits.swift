/// How much one request may ask for.
package struct Limits: Sendable {
    /// Bytes of a body, after decompression.
    package var body = 32 << 20
    /// Bytes of a line of NDJSON.
    package var line = 16 << 20
    /// Bytes of a request's head.
    package var head = 16 << 10
    /// Seconds for a query.
    package var timeout = 30.0
    /// Open connections; others wait.
    package var connections = 1024
    /// Seconds for the head of a connection's first request.
    package var headTimeout = 10
    /// Seconds without a byte after which a connection is closed.
    package var idle = 60
    /// Writes that wait for their turn.
    package var waitingWrites = 64
    /// Tokens that wait to be encoded.
    package var queueTokens = 65_536
    /// Queries that wait for the model that reranks.
    package var waitingRerankings = 64

    package init() {}

    /// Headers of a request.
    static let headers = 100
    static let hits = 1...10_000
    /// Queries or ids in a request.
    static let items = 1000
    static let documents = 10_000
    static let page = 1...1000
    /// Documents of a projection.
    static let mapped = 1...20_000
    /// Texts of one request for embeddings, and their tokens.
    static let inputs = 2048
    static let inputTokens = 300_000
}
