import Embedding

/// How long texts are for the embedder that will encode them.
struct PassageMeasure: Sendable {
    private let embedder: (any Embedder)?
    /// The most tokens of a text that the embedder reads; `nil` if it does not say.
    private let maximumTokens: Int?

    /// - Parameter embedder: `nil` estimates lengths.
    init(_ embedder: (any Embedder)?) {
        self.embedder = embedder
        // A tokenizer may make more tokens of two pieces together than of each alone. Passages are
        // measured by their sentences, so the excess grows with the length.
        maximumTokens = embedder?.maximumTokenCount.map { $0 - $0 / 16 }
    }

    func tokenCount(of text: String) -> Int {
        embedder?.tokenCount(of: text) ?? (text.utf8.count + 3) / 4
    }

    /// The most tokens of a passage that the embedder reads after a title; `nil` if it does not say.
    ///
    /// A title leaves at least a quarter: beside a longer one, passages would be many and of a few
    /// words, while their vectors would all be the title's.
    func longestPassage(afterTitle title: String) -> Int? {
        maximumTokens.map { max(1, $0 / 4, $0 - tokenCount(of: title)) }
    }
}
