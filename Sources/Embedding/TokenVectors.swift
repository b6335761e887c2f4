/// The tokens of a model's vocabulary as vectors: what hybrid search compares the words of a query and of
/// a document by.
public protocol TokenVectors: Sendable {
    /// How much these count in hybrid search, relative to 1 for words.
    var weight: Double { get }

    /// The number of a vector's elements.
    var width: Int { get }

    /// The ids of a text's tokens, without anything that the model puts around a text.
    func tokens(of text: String) -> [Int32]

    /// The vectors of tokens that ``tokens(of:)`` gave: `[tokens.count, width]`, row-major. The cosine of
    /// two that have nothing in common should be near 0; a row of zeros is like no other.
    func vectors(of tokens: [Int32]) -> [Float]
}
