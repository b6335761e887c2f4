import Foundation

/// The score of a passage:
///
///     score(d) = Σ_t weight_t · tf_t (k1 + 1) / (tf_t + k1 (1 - b + b |d| / average |d|))
///     weight_t = occurrences in the query · log(1 + (N - n_t + 1/2) / (n_t + 1/2))
///
/// (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, equation 3.15.) tf
/// counts occurrences in title and text together, |d| is the number of words, and n_t of N passages
/// contain the term.
package enum BM25 {
    /// Chosen on six judged collections of abstracts, passages and sentences: higher values favor
    /// short passages too much.
    package static let k1 = 1.0
    /// The strength of length normalization, 0 to 1.
    package static let b = 0.6

    /// ln(1 + (N - n + 1/2) / (n + 1/2)) for a term in n of N passages.
    package static func inverseDocumentFrequency(_ found: Int, of total: Int) -> Double {
        log(1 + (max(Double(total) - Double(found), 0) + 0.5) / (Double(found) + 0.5))
    }

    /// k1 (1 - b + b |d| / average), which is added to the frequency in the denominator.
    package static func saturation(length: Int, average: Double) -> Double {
        k1 * (1 - b + b * Double(length) / average)
    }

    package static func score(weight: Double, frequency: Int, saturation: Double) -> Double {
        weight * Double(frequency) * (k1 + 1) / (Double(frequency) + saturation)
    }

    /// The mean length; 1 if there are no passages or no words.
    package static func average(length: Int, passages: Int) -> Double {
        length > 0 && passages > 0 ? Double(length) / Double(passages) : 1
    }
}

/// An upper bound of tf / (tf + saturation), in 255ths, for the average length that a segment was
/// written with.
///
/// With another average the ratio tf / saturation grows at most by the ratio of the averages, since
/// saturation is a constant plus a term that falls with the average. So a stored bound remains
/// usable.
enum Impact {
    static func of(frequency: UInt32, length: Int, average: Double) -> UInt8 {
        let frequency = Double(frequency)
        let part = frequency / (frequency + BM25.saturation(length: length, average: average))
        return UInt8(min(255, (part * 255 + 1e-6).rounded(.up)))
    }

    /// For each impact the bound on tf (k1 + 1) / (tf + saturation), with the current average.
    static func bounds(written: Double, now: Double) -> [Float] {
        let growth = max(1, now / written)
        return (0...255).map { impact in
            guard impact < 255 else { return Float(BM25.k1 + 1) }
            let part = Double(impact) / 255
            let ratio = growth * part / (1 - part)
            return Float((BM25.k1 + 1) * ratio / (1 + ratio)).nextUp
        }
    }
}
