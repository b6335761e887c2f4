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
        let places = placesOfTokens()
        let alike = similarities(places)
        let rows = documents.map { $0.map { places[$0] ?? 0 } }
        var scores = documents.map { _ in 0.0 }
        for (position, token) in query.enumerated() {
            let place = places[token] ?? 0
            let holders = rows.count { $0.contains(place) }
            let rarity = Self.inverseDocumentFrequency(of: holders, among: documents.count)
            let similarities = alike[position * places.count..<(position + 1) * places.count]
            for (document, row) in rows.enumerated() {
                var frequency: Float = 0
                for place in row { frequency += similarities[similarities.startIndex + place] }
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

    /// A number for each token that occurs.
    private func placesOfTokens() -> [Int32: Int] {
        var places: [Int32: Int] = [:]
        for tokens in documents + [query] {
            for token in tokens where places[token] == nil { places[token] = places.count }
        }
        return places
    }

    /// How alike each token of the query is to each that occurs, from 0 to 1: `[query, tokens]`.
    private func similarities(_ places: [Int32: Int]) -> [Float] {
        let width = vectors.width
        let tokens = places.sorted { $0.value < $1.value }.map(\.key)
        let matrix = normalized(vectors.vectors(of: tokens), width)
        var alike = [Float](repeating: 0, count: query.count * tokens.count)
        matrix.withUnsafeBufferPointer { matrix in
            func row(_ place: Int) -> UnsafeBufferPointer<Float> {
                UnsafeBufferPointer(rebasing: matrix[place * width..<(place + 1) * width])
            }
            for (position, token) in query.enumerated() {
                let asked = row(places[token] ?? 0)
                for place in tokens.indices {
                    let cosine = DotProduct.dot(asked, row(place))
                    alike[position * tokens.count + place] = max(
                        0, (cosine - Self.threshold) / (1 - Self.threshold))
                }
            }
        }
        return alike
    }

    /// Each row with length 1; zeros stay zeros.
    private func normalized(_ rows: [Float], _ width: Int) -> [Float] {
        var rows = rows
        for start in stride(from: 0, to: rows.count, by: width) {
            let row = start..<start + width
            let squares = row.reduce(Float(0)) { $0 + rows[$1] * rows[$1] }
            guard squares > 0 else { continue }
            let scale = 1 / squares.squareRoot()
            for column in row { rows[column] *= scale }
        }
        return rows
    }
}
