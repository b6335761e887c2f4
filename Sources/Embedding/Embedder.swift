import JSON

/// Turns texts into vectors. Bring your own, or use `AutoRegEmbedder`, which conforms.
///
/// A query and a document may be encoded differently (another instruction, another model), but
/// always into the same space and number of dimensions.
///
/// ```swift
/// struct Letters: Embedder {
///     let identity = EmbedderIdentity(name: "letters", fingerprint: "letters-1", dimensions: 26)
///     func embedDocuments(_ texts: [String]) async throws -> [EncodedText] {
///         texts.map { text in
///             var counts = [Float](repeating: 0, count: 26)
///             for byte in text.lowercased().utf8 where (97...122).contains(byte) {
///                 counts[Int(byte) - 97] += 1
///             }
///             return EncodedText(vector: counts)
///         }
///     }
///     func embedQueries(_ texts: [String]) async throws -> [EncodedText] {
///         try await embedDocuments(texts)
///     }
/// }
/// ```
///
/// Calls come from several tasks at once. Texts arrive in batches of a few hundred at most, in
/// no particular order of length; the answer has one vector a text, in the same order.
public protocol Embedder: Sendable {
    /// Recorded with every collection that this embedder fills, and compared ever after.
    var identity: EmbedderIdentity { get }

    /// - Parameter texts: titles and texts joined, as documents or passages of documents.
    func embedDocuments(_ texts: [String]) async throws -> [EncodedText]

    func embedQueries(_ texts: [String]) async throws -> [EncodedText]

    /// The number of tokens in a text: what chunking measures passages by.
    ///
    /// The default implementation counts a token for every four bytes of UTF-8, rounded up.
    func tokenCount(of text: String) -> Int

    /// How much a dense rank counts in hybrid search beside a lexical one, whose weight is 1: more
    /// for an embedder that ranks well by itself. At least 0, and finite.
    ///
    /// The default implementation returns `nil`: the database's own weight.
    var hybridWeight: Double? { get }
}

extension Embedder {
    public func tokenCount(of text: String) -> Int { (text.utf8.count + 3) / 4 }
    public var hybridWeight: Double? { nil }
}

/// An embedder that can also say how likely a document is as the continuation of a query, which
/// re-orders the first hits of a query.
public protocol ScoringEmbedder: Embedder {
    /// log p(document | e(query)), summed over the document's tokens, for each of `documents`.
    func logProbabilities(of documents: [String], given query: String) async throws -> [Double]
}
