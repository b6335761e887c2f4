/// A text's vector.
public struct EncodedText: Sendable, Equatable {
    /// As many numbers as the embedder has dimensions; all finite.
    public var vector: [Float]
    /// Tokens that the embedder read, those of an instruction included; 0 if it does not count them.
    public var tokenCount: Int
    /// Whether the text was longer than what the embedder reads.
    public var isTruncated: Bool

    public init(vector: [Float], tokenCount: Int = 0, isTruncated: Bool = false) {
        self.vector = vector
        self.tokenCount = tokenCount
        self.isTruncated = isTruncated
    }
}
