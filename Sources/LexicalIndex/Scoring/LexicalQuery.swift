/// A query: the stemmed words of a text with their weights, without the most common ones.
package struct LexicalQuery: Sendable {
    /// A word of the query, stemmed.
    package struct Term: Sendable, Equatable {
        /// UTF-8.
        package let stem: [UInt8]
        /// The folded word before stemming.
        package let word: String
        /// Occurrences in the query, times the inverse document frequency.
        package let weight: Double
    }

    /// By descending weight, which is the order in which a score is summed.
    package let terms: [Term]

    /// A term in more than this share of the passages is dropped: it says little and costs the most
    /// time.
    package static let commonShare = 0.4
    /// In smaller collections no term is dropped.
    package static let commonMinimum = 256
    /// The most terms searched for: those of the greatest weight.
    package static let termLimit = 64
    /// The most distinct words of the query that are looked up: its first ones.
    package static let wordLimit = 1024

    /// - Parameters:
    ///   - passageCount: N of BM25.
    ///   - frequency: the number of passages that contain a stem.
    package init(_ text: String, passageCount: Int, frequency: ([UInt8]) throws -> Int) rethrows {
        let (distinct, occurrences) = Self.distinctWords(of: text)
        var rare: [Term] = []
        var common: [Term] = []
        for (word, stem) in distinct {
            let found = try frequency(stem)
            guard found > 0 else { continue }
            let term = Term(
                stem: stem, word: word,
                weight: Double(occurrences[stem] ?? 1)
                    * BM25.inverseDocumentFrequency(found, of: passageCount))
            let share = Self.commonShare * Double(passageCount)
            if passageCount >= Self.commonMinimum, Double(found) > share {
                common.append(term)
            } else {
                rare.append(term)
            }
        }
        let kept = rare.isEmpty ? common : rare
        terms = Array(
            kept.sorted { ($1.weight, $0.word) < ($0.weight, $1.word) }.prefix(Self.termLimit))
    }

    /// The distinct stems of a query, as many as are looked up, in the order of their first words.
    package static func stems(of text: String) -> [[UInt8]] {
        distinctWords(of: text).words.map(\.stem)
    }

    private static func distinctWords(
        of text: String
    ) -> (words: [(word: String, stem: [UInt8])], occurrences: [[UInt8]: Int]) {
        var occurrences: [[UInt8]: Int] = [:]
        var distinct: [(word: String, stem: [UInt8])] = []
        forEachWord(in: text, for: .query) { word, stem in
            if let count = occurrences[stem] {
                occurrences[stem] = count + 1
            } else if distinct.count < wordLimit {
                occurrences[stem] = 1
                distinct.append((word, stem))
            }
        }
        return (distinct, occurrences)
    }

    /// Calls `body` with each folded word and its stem, in order.
    package static func forEachWord(
        in text: String, for purpose: WordPurpose, _ body: (String, [UInt8]) -> Void
    ) {
        let (scanner, stemmer) = (WordScanner(), PorterStemmer())
        var text = text
        text.withUTF8 { utf8 in
            scanner.forEachWord(in: utf8, for: purpose) { word in
                body(
                    String(decoding: word, as: UTF8.self), stemmer.withStem(of: word) { Array($0) })
            }
        }
    }
}
