import Embedding
import Tokenization
import Transformer

extension AutoRegEmbedder {
    /// The rows of the embedding matrix, if `token_weight` in the model's `autoregembed.json` says how
    /// much they count; else `nil`. The first use reads some thousand rows.
    public var tokenVectors: (any TokenVectors)? {
        guard let weight = settings.tokenWeight else { return nil }
        return remembered {
            EmbeddingRows(weight: weight, tokenizer: tokenizer, model: encoder)
        }
    }
}

/// Rows of an embedding matrix, less their mean: all have a large component in common, which says
/// nothing about any of them.
struct EmbeddingRows: TokenVectors {
    let weight: Double
    private let tokenizer: Tokenizer
    private let model: LanguageModel
    /// `[H]`
    private let mean: [Float]

    /// The rows that the mean is taken of, from all over the vocabulary.
    private static let sample = 4096

    init(weight: Double, tokenizer: Tokenizer, model: LanguageModel) {
        (self.weight, self.tokenizer, self.model) = (weight, tokenizer, model)
        let size = model.vocabularySize
        let tokens = stride(from: 0, to: size, by: max(1, size / Self.sample)).map { Int32($0) }
        mean = model.meanEmbeddingRow(of: tokens)
    }

    var width: Int { mean.count }

    func tokens(of text: String) -> [Int32] { tokenizer.encode(text) }

    func vectors(of tokens: [Int32]) -> [Float] {
        var rows = model.embeddingRows(of: tokens)
        let width = width
        rows.withUnsafeMutableBufferPointer { rows in
            mean.withUnsafeBufferPointer { mean in
                guard let mean = mean.baseAddress, var row = rows.baseAddress else { return }
                for _ in tokens {
                    for column in 0..<width { row[column] -= mean[column] }
                    row += width
                }
            }
        }
        return rows
    }
}
