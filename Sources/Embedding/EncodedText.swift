/// A text's vector, with what the embedder read of the text.
public struct EncodedText: Sendable, Equatable {
    /// As many elements as the embedder has dimensions, all finite.
    public var vector: [Float]
    /// The number of tokens that the embedder read, including those of an instruction; 0 if it does
    /// not count them.
    public var tokenCount: Int
    /// Whether the text was longer than the embedder reads, so that its end is not in the vector.
    public var isTruncated: Bool

    /// Embedders that count no tokens and truncate nothing pass the vector alone.
    public init(vector: [Float], tokenCount: Int = 0, isTruncated: Bool = false) {
        self.vector = vector
        self.tokenCount = tokenCount
        self.isTruncated = isTruncated
    }
}
