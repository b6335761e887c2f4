import Foundation

/// The score of a passage:
///
///     score(d) = Σ_t weight_t · tf_t (k1 + 1) / (tf_t + k1 (1 - b + b |d| / average |d|))
///     weight_t = occurrences in the query · log(1 + (N - n_t + 1/2) / (n_t + 1/2))
///
/// (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, equation 3.15.) tf
/// counts occurrences in title and text together, |d| is the number of words, and n_t of N passages
/// contain the term.
package struct BM25: Sendable, Hashable {
    /// How much a word's further occurrences count, more than 0: at 0 they would count nothing, and
    /// the greater, the longer each of them counts as much as the first.
    package let k1: Double
    /// The strength of length normalization, 0 to 1.
    package let b: Double

    /// Chosen on six judged collections of abstracts, passages and sentences: a higher k1 favors
    /// short passages too much. Segments hold bounds for these values.
    package static let standard = BM25(k1: 1, b: 0.6)

    package init(k1: Double, b: Double) { (self.k1, self.b) = (k1, b) }

    /// ln(1 + (N - n + 1/2) / (n + 1/2)) for a term in n of N passages.
    package static func inverseDocumentFrequency(_ found: Int, of total: Int) -> Double {
        log(1 + (max(Double(total) - Double(found), 0) + 0.5) / (Double(found) + 0.5))
    }

    /// k1 (1 - b + b |d| / average), which is added to the frequency in the denominator.
    package func saturation(length: Int, average: Double) -> Double {
        k1 * (1 - b + b * Double(length) / average)
    }

    package func score(weight: Double, frequency: Int, saturation: Double) -> Double {
        weight * Double(frequency) * (k1 + 1) / (Double(frequency) + saturation)
    }

    /// The mean length; 1 if there are no passages or no words.
    package static func average(length: Int, passages: Int) -> Double {
        length > 0 && passages > 0 ? Double(length) / Double(passages) : 1
    }
}

/// An upper bound of tf / (tf + saturation), in 255ths, for ``BM25/standard`` and the average
/// length that a segment was written with.
///
/// With another average or other parameters the ratio tf / saturation grows at most by the greatest
/// quotient of the two saturations. Both are linear in |d|, so their quotient is greatest at one of
/// the ends: |d| = 0, or |d| without bound. So a stored bound remains usable.
enum Impact {
    static func of(frequency: UInt32, length: Int, average: Double) -> UInt8 {
        let frequency = Double(frequency)
        let saturation = BM25.standard.saturation(length: length, average: average)
        let part = frequency / (frequency + saturation)
        return UInt8(min(255, (part * 255 + 1e-6).rounded(.up)))
    }

    /// For each impact the bound on tf (k1 + 1) / (tf + saturation), with the current average and
    /// parameters.
    static func bounds(written: Double, now: Double, scoring: BM25 = .standard) -> [Float] {
        let old = BM25.standard
        // Infinite if the new saturation vanishes at that end.
        let shortest = old.k1 * (1 - old.b) / (scoring.k1 * (1 - scoring.b))
        let longest = old.k1 * old.b / written / (scoring.k1 * scoring.b / now)
        let growth = max(shortest, longest)
        return (0...255).map { impact in
            guard impact > 0 else { return Float(0).nextUp }
            guard impact < 255, growth.isFinite else { return Float(scoring.k1 + 1).nextUp }
            let part = Double(impact) / 255
            let ratio = growth * part / (1 - part)
            return Float((scoring.k1 + 1) * ratio / (1 + ratio)).nextUp
        }
    }
}
