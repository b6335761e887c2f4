import Embedding
import Foundation
import VectorMath

/// How well documents match a query token by token, where tokens that are alike match in part: a BM25
/// whose term frequencies are sums of similarities.
///
///     score(d) = Σ idf(q) · tf(q, d) · (k1 + 1) / (tf(q, d) + k1 · (1 - b + b · length(d) / mean length))
///     tf(q, d) = Σ max(0, (cos(q, t) - threshold) / (1 - threshold))   over the tokens t of d
///     idf(q)   = log(1 + (n - df(q) + ½) / (df(q) + ½))
///
/// q are the query's tokens; n, df and the mean length are of the documents that are compared, so
/// nothing need be stored, and what they have in common counts little. cos is of the tokens' vectors.
///
/// Late interaction (Khattab and Zaharia, "ColBERT", 2020) without a forward pass. Their sum of the best
/// matches prefers long documents; saturation and length normalization, as BM25 has them, keep
/// from that. Measured in Benchmarks/results/fusion.md.
struct TokenMatching {
    /// Similarities up to this are chance.
    static let threshold: Float = 0.2
    static let k1 = 0.8
    static let b = 0.4
    /// The documents that are compared, at the head of a joined list.
    static let depth = 50

    private let query: [Int32]
    private let documents: [[Int32]]
    private let vectors: any TokenVectors

    init(query: String, documents: [String], vectors: any TokenVectors) {
        self.query = vectors.tokens(of: query)
        self.documents = documents.map(vectors.tokens)
        self.vectors = vectors
    }

    /// One for each document, 0 or more.
    func scores() -> [Double] {
        let lengths = documents.map { Double($0.count) }
        let mean = lengths.reduce(0, +) / Double(max(documents.count, 1))
        guard !query.isEmpty, mean > 0 else { return documents.map { _ in 0 } }
        let occurring = OccurringTokens(in: documents + [query])
        let count = occurring.tokens.count
        let alike = similarities(occurring)
        let rows = documents.map { $0.map(occurring.number) }
        var scores = documents.map { _ in 0.0 }
        for (position, token) in query.enumerated() {
            let number = occurring.number(of: token)
            let holders = rows.count { $0.contains(number) }
            let rarity = Self.inverseDocumentFrequency(of: holders, among: documents.count)
            let similarities = alike[position * count..<(position + 1) * count]
            for (document, row) in rows.enumerated() {
                var frequency: Float = 0
                for number in row { frequency += similarities[similarities.startIndex + number] }
                let length = Self.k1 * (1 - Self.b + Self.b * lengths[document] / mean)
                scores[document] +=
                    rarity * Double(frequency) * (Self.k1 + 1) / (Double(frequency) + length)
            }
        }
        return scores
    }

    static func inverseDocumentFrequency(of holders: Int, among documents: Int) -> Double {
        log1p((Double(documents - holders) + 0.5) / (Double(holders) + 0.5))
    }

    /// How alike each token of the query is to each that occurs, from 0 to 1: `[query, tokens]`.
    private func similarities(_ occurring: OccurringTokens) -> [Float] {
        let (width, count) = (vectors.width, occurring.tokens.count)
        var alike = [Float](repeating: 0, count: query.count * count)
        vectors.vectors(of: occurring.tokens).withUnsafeBufferPointer { matrix in
            func row(_ number: Int) -> UnsafeBufferPointer<Float> {
                UnsafeBufferPointer(rebasing: matrix[number * width..<(number + 1) * width])
            }
            // Of zeros, which are like nothing, 0.
            let scales = (0..<count).map { number in
                let squares = DotProduct.dot(row(number), row(number))
                return squares > 0 ? 1 / squares.squareRoot() : 0
            }
            for (position, token) in query.enumerated() {
                let asked = occurring.number(of: token)
                for number in 0..<count {
                    let cosine =
                        DotProduct.dot(row(asked), row(number)) * scales[asked] * scales[number]
                    alike[position * count + number] = max(
                        0, (cosine - Self.threshold) / (1 - Self.threshold))
                }
            }
        }
        return alike
    }
}

/// The tokens of some texts, numbered in the order in which they occur first.
private struct OccurringTokens {
    private(set) var tokens: [Int32] = []
    private var numbers: [Int32: Int] = [:]

    init(in texts: [[Int32]]) {
        for text in texts {
            for token in text where numbers[token] == nil {
                numbers[token] = tokens.count
                tokens.append(token)
            }
        }
    }

    /// - Parameter token: one of the texts'.
    func number(of token: Int32) -> Int { numbers[token] ?? 0 }
}
