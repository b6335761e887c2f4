import LexicalIndex

/// Finds the words of a query in a text, as lexical search finds them: folded and stemmed, and in scripts
/// that do not divide words by spaces by pairs of characters.
///
/// ```swift
/// let highlighter = Highlighter(query: "storing apples")
/// for range in highlighter.matches(in: hit.text) { print(hit.text[range]) }
/// ```
public final class Highlighter {
    private let stems: Set<[UInt8]>
    /// Whether the query has a pair of characters of a script without spaces. Then single characters,
    /// by which search finds weaker hits, are not shown.
    private let hasPairs: Bool
    /// The stem by which each word seen so far matches, by the word's bytes; `nil` for one that does not.
    private var known: [[UInt8]: [UInt8]?] = [:]

    /// - Parameter query: the text that was searched for.
    public init(query: String) {
        var stems: Set<[UInt8]> = []
        var hasPairs = false
        LexicalQuery.forEachWord(in: query, for: .query) { word, stem in
            stems.insert(stem)
            hasPairs = hasPairs || word.count == 2 && word.allSatisfy(Self.isUnspaced)
        }
        self.stems = stems
        self.hasPairs = hasPairs
    }

    /// The places of the query's words, in order and apart.
    public func matches(in text: String) -> [Range<String.Index>] {
        found(in: text).map(\.range)
    }

    /// The place of a text of at most `length` characters that shows the most different words of the query,
    /// then the most of them; it begins at a word, if possible at that of a sentence. `nil` if no word is in
    /// the text.
    public func bestWindow(in text: String, length: Int) -> Range<String.Index>? {
        let found = found(in: text)
        guard let first = found.first else { return nil }
        var best = (first: first, distinct: 0, count: 0)
        for (place, start) in found.enumerated() {
            let limit =
                text.index(start.range.lowerBound, offsetBy: length, limitedBy: text.endIndex)
                ?? text.endIndex
            let inside = found[place...].prefix { $0.range.upperBound <= limit }
            let distinct = Set(inside.map(\.stem)).count
            if (distinct, inside.count) > (best.distinct, best.count) {
                best = (start, distinct, inside.count)
            }
        }
        let start = Self.begin(of: text, before: best.first.range.lowerBound, within: length / 3)
        let end = text.index(start, offsetBy: length, limitedBy: text.endIndex) ?? text.endIndex
        return start..<end
    }

    /// The beginning of the sentence or line, else of a word, at most `distance` characters before.
    private static func begin(
        of text: String, before place: String.Index, within distance: Int
    ) -> String.Index {
        var word = place
        var index = place
        var left = distance
        while index > text.startIndex, left > 0 {
            let before = text.index(before: index)
            let character = text[before]
            if character.isNewline { return index }
            if character.isWhitespace {
                word = index
                if before > text.startIndex, ".!?…".contains(text[text.index(before: before)]) {
                    return index
                }
            }
            index = before
            left -= 1
        }
        return index == text.startIndex ? index : word
    }

    private func found(in text: String) -> [(range: Range<String.Index>, stem: [UInt8])] {
        if stems.isEmpty { return [] }
        var result: [(range: Range<String.Index>, stem: [UInt8])] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard Self.isOfWord(text[index]) else {
                index = text.index(after: index)
                continue
            }
            let start = index
            while index < text.endIndex, Self.isOfWord(text[index]) {
                index = text.index(after: index)
            }
            if text[start..<index].contains(where: Self.isUnspaced) {
                addPairs(in: text, start..<index, to: &result)
            } else if let stem = stem(of: text[start..<index]) {
                result.append((start..<index, stem))
            }
        }
        return result
    }

    private static func isOfWord(_ character: Character) -> Bool {
        // Unicode's properties of every character would take as long as the search by words.
        if let code = character.asciiValue {
            return UInt8(ascii: "a")...UInt8(ascii: "z") ~= code | 0x20
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= code
        }
        return character.isLetter || character.isNumber
    }

    /// Of a script without spaces between words: Thai to Khmer, and from the radicals of Chinese on.
    private static func isUnspaced(_ character: Character) -> Bool {
        guard let code = character.unicodeScalars.first?.value else { return false }
        return (0xE00...0xEFF).contains(code) || (0x1000...0x109F).contains(code)
            || (0x1780...0x17FF).contains(code) || (0x2E80...0x3FFFD).contains(code)
    }

    private func addPairs(
        in text: String, _ run: Range<String.Index>,
        to result: inout [(range: Range<String.Index>, stem: [UInt8])]
    ) {
        var index = run.lowerBound
        while index < run.upperBound {
            let next = text.index(after: index)
            let end = next < run.upperBound ? text.index(after: next) : next
            var found: (range: Range<String.Index>, stem: [UInt8])?
            if let stem = stem(of: text[index..<end]) {
                found = (index..<end, stem)
            } else if !hasPairs, let stem = stem(of: text[index..<next]) {
                found = (index..<next, stem)
            }
            if let found {
                // Pairs overlap: 図書 and 書館 are one place.
                if let last = result.last, last.range.upperBound >= index,
                    last.range.lowerBound >= run.lowerBound
                {
                    let upper = max(found.range.upperBound, last.range.upperBound)
                    result[result.count - 1].range = last.range.lowerBound..<upper
                } else {
                    result.append(found)
                }
            }
            index = next
        }
    }

    /// The query's stem that a word has.
    private func stem(of word: Substring) -> [UInt8]? {
        let bytes = Array(word.utf8)
        if let stem = known[bytes] { return stem }
        var match: [UInt8]?
        // Of a pair of characters, only the pair counts, not each of them.
        let isPair = word.count == 2 && word.contains(where: Self.isUnspaced)
        LexicalQuery.forEachWord(in: String(word), for: .query) { found, stem in
            if match == nil, !isPair || found.count == 2, stems.contains(stem) { match = stem }
        }
        known[bytes] = .some(match)
        return match
    }
}
