import Foundation

/// BM25 of every passage, counted anew from all texts:
///
///     score(d) = Σ_t q_t · idf_t · tf_t (k1 + 1) / (tf_t + k1 (1 - b + b |d| / average |d|))
///     idf_t = log(1 + (N - n_t + 0.5) / (n_t + 0.5))
///
/// (Robertson and Zaragoza, 2009, equation 3.15.) Words are runs of letters and digits in lower case,
/// compared whole: right for vocabularies in which no two words share a stem.
package struct BM25Oracle {
    private let passages: [[String: Int]]
    private let lengths: [Int]
    private let averageLength: Double
    private let holding: [String: Int]

    static let k1 = 1.0
    static let b = 0.6
    /// In collections of so many passages, terms in more than this share of them are left out.
    static let commonMinimum = 256
    static let commonShare = 0.4

    package init(_ texts: [String]) {
        let words = texts.map(Self.words)
        passages = words.map { Dictionary($0.map { ($0, 1) }, uniquingKeysWith: +) }
        lengths = words.map(\.count)
        let total = lengths.reduce(0, +)
        averageLength = total > 0 ? Double(total) / Double(texts.count) : 1
        holding = Dictionary(passages.flatMap { $0.keys.map { ($0, 1) } }, uniquingKeysWith: +)
    }

    static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// The score of each passage; nil where none of the query's terms is in it.
    package func scores(_ query: String) -> [Double?] {
        let count = Double(passages.count)
        let terms = Dictionary(Self.words(query).map { ($0, 1) }, uniquingKeysWith: +)
            .filter { holding[$0.key] != nil }
        let rare = terms.filter { term in
            passages.count < Self.commonMinimum
                || Double(holding[term.key] ?? 0) <= Self.commonShare * count
        }
        let used = rare.isEmpty ? terms : rare
        return zip(passages, lengths).map { passage, length in
            var score: Double?
            for (term, occurrences) in used {
                guard let frequency = passage[term].map(Double.init) else { continue }
                let found = Double(holding[term] ?? 0)
                let weight = Double(occurrences) * log(1 + (count - found + 0.5) / (found + 0.5))
                let saturation =
                    Self.k1 * (1 - Self.b + Self.b * Double(length) / averageLength)
                score = (score ?? 0) + weight * frequency * (Self.k1 + 1) / (frequency + saturation)
            }
            return score
        }
    }
}
