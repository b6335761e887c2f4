import Foundation
import GRDB

/// A text as a full-text query: its words, stemmed, each with its weight, without the commonest.
///
/// Nothing of the text reaches FTS5's query syntax but words that its own tokenizer found, quoted.
struct LexicalQuery {
    struct Term: Equatable {
        /// As the tokenizer folds it, before stemming.
        let word: String
        /// Occurrences in the query times the inverse document frequency.
        let weight: Double
    }

    /// The rarest first.
    let terms: [Term]

    /// A term in more than this share of the passages says little and costs the most time.
    static let commonShare = 0.4
    /// In smaller collections no term is dropped.
    static let commonMinimum = 256
    /// Terms looked for: those of the greatest weight.
    static let termLimit = 64
    /// Different words of the query that are looked up at all: its first ones.
    static let wordLimit = 1024

    /// - Parameters:
    ///   - words: pairs of a folded word and its stem, in the query's order.
    ///   - passageCount: N in log(1 + (N - n + 0.5) / (n + 0.5)), with n passages that hold the term.
    ///   - frequency: n of a stem.
    init(
        words: [(word: String, stem: String)], passageCount: Int,
        frequency: (String) throws -> Int
    ) rethrows {
        var occurrences: [String: Int] = [:]
        var distinct: [(word: String, stem: String)] = []
        for entry in words {
            if let count = occurrences[entry.stem] {
                occurrences[entry.stem] = count + 1
            } else if distinct.count < Self.wordLimit {
                occurrences[entry.stem] = 1
                distinct.append(entry)
            }
        }
        var rare: [Term] = []
        var common: [Term] = []
        let total = Double(passageCount)
        for (word, stem) in distinct {
            let found = Double(try frequency(stem))
            guard found > 0 else { continue }
            let inverse = log(1 + (max(total - found, 0) + 0.5) / (found + 0.5))
            let term = Term(word: word, weight: Double(occurrences[stem] ?? 1) * inverse)
            if passageCount >= Self.commonMinimum, found > Self.commonShare * total {
                common.append(term)
            } else {
                rare.append(term)
            }
        }
        let kept = rare.isEmpty ? common : rare
        terms = Array(
            kept.sorted { ($1.weight, $0.word) < ($0.weight, $1.word) }.prefix(Self.termLimit))
    }

    /// FTS5's MATCH: any of the words.
    var match: String { terms.map { "\"\($0.word)\"" }.joined(separator: " OR ") }

    /// Words and stems as the index has them.
    static func words(of text: String, in database: Database) throws
        -> [(word: String, stem: String)]
    {
        let text = FullText.indexed(text)
        let folded = try database.makeTokenizer(.unicode61()).tokenize(query: text)
        let stemmed = try database.makeTokenizer(.porter()).tokenize(query: text)
        return zip(folded, stemmed).map { ($0.token, $1.token) }
    }
}

enum FullText {
    /// What the index is given: FTS5's text ends at a NUL character, which here is a space.
    static func indexed(_ text: String) -> String {
        hasNull(text) ? text.replacing("\0", with: " ") : text
    }

    static func hasNull(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            utf8.baseAddress.map { memchr($0, 0, utf8.count) != nil } ?? false
        }
    }
}
