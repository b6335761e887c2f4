import JSON

/// Turns texts into vectors. Implement your own, or use `AutoRegEmbedder`, which conforms.
///
/// Queries and documents may be encoded differently (with another instruction or another model),
/// but always into the same space with the same number of dimensions.
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
/// Methods may be called from several tasks at once. Texts arrive in batches of at most a few
/// hundred, in no particular order of length. Results have one vector for each text, in the same
/// order. Errors thrown by an embedder reach the caller of the database's method; an embedder
/// should check for task cancellation in long calls.
public protocol Embedder: Sendable {
    /// Recorded with every collection that this embedder encodes, and compared whenever that is
    /// opened or written.
    var identity: EmbedderIdentity { get }

    /// Encodes documents or passages of documents.
    ///
    /// - Parameter texts: each a title and a text joined by a space, or a text alone.
    /// - Returns: `dimensions` finite elements for each text, in order.
    func embedDocuments(_ texts: [String]) async throws -> [EncodedText]

    /// Encodes queries.
    ///
    /// - Returns: `dimensions` finite elements for each text, in order.
    func embedQueries(_ texts: [String]) async throws -> [EncodedText]

    /// The number of tokens in a text, by which chunking measures passages.
    ///
    /// The default implementation returns a quarter of the number of UTF-8 bytes, rounded up.
    func tokenCount(of text: String) -> Int

    /// The most tokens of a text, as ``tokenCount(of:)`` counts them, that ``embedDocuments(_:)`` reads:
    /// longer texts are cut into passages. What the embedder adds, such as an instruction, is not
    /// part of the text.
    ///
    /// The default implementation returns `nil`: no limit, or an unknown one.
    var maximumTokenCount: Int? { get }

    /// The weight of vectors in hybrid search, relative to 1 for words: higher for an embedder that
    /// ranks well by itself. Finite and 0 or more.
    ///
    /// The default implementation returns `nil`, which uses the database's own weight.
    var hybridWeight: Double? { get }

    /// What hybrid search compares words by that are alike, not equal.
    ///
    /// The default implementation returns `nil`: only equal words match.
    var tokenVectors: (any TokenVectors)? { get }
}

extension Embedder {
    /// A quarter of the number of UTF-8 bytes, rounded up.
    public func tokenCount(of text: String) -> Int { (text.utf8.count + 3) / 4 }
    /// `nil`: no limit, or an unknown one.
    public var maximumTokenCount: Int? { nil }
    /// `nil`: the database's own weight.
    public var hybridWeight: Double? { nil }
    /// `nil`: only equal words match.
    public var tokenVectors: (any TokenVectors)? { nil }
}

/// An embedder that can also score a document as the continuation of a query, which reranks the
/// first hits of a query.
public protocol ScoringEmbedder: Embedder {
    /// log p(document | e(query)) of each document, in order: natural logarithms, summed over the
    /// document's tokens.
    func logProbabilities(of documents: [String], given query: String) async throws -> [Double]
}
