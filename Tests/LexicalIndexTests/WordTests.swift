import Foundation
import GRDB
import TestSupport
import Testing

@testable import LexicalIndex

/// Words and stems are compared with those of FTS5's own tokenizer.
///
/// Nothing else depends on the two being equal since format 4. Files hold stems, so another tokenizer
/// needs another version of the segment's format.
@Suite struct WordTests {
    private static func words(_ text: String, for purpose: WordPurpose = .query) -> [String] {
        var words: [String] = []
        LexicalQuery.forEachWord(in: text, for: purpose) { word, _ in words.append(word) }
        return words
    }

    private static func stems(_ text: String) -> [[UInt8]] {
        var stems: [[UInt8]] = []
        LexicalQuery.forEachWord(in: text, for: .query) { _, stem in stems.append(stem) }
        return stems
    }

    /// The terms of each text as FTS5 indexes them, in order.
    private static func fts5(_ texts: [String], tokenizer: String) throws -> [[[UInt8]]] {
        try DatabaseQueue().write { database in
            try database.execute(
                sql: """
                    CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = '\(tokenizer)');
                    CREATE VIRTUAL TABLE v USING fts5vocab ('t', 'instance');
                    """)
            for (index, text) in texts.enumerated() {
                try database.execute(
                    sql: "INSERT INTO t (rowid, x) VALUES (?, ?)", arguments: [index, text])
            }
            var terms = [[[UInt8]]](repeating: [], count: texts.count)
            // CAST preserves a stem that is cut within a character and so is not UTF-8.
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT doc, CAST(term AS BLOB) FROM v ORDER BY doc, offset")
            while let row = try rows.next() {
                terms[row[0]].append(row.withUnsafeBytesOfColumn(1))
            }
            return terms
        }
    }

    @Test func everyCharacterIsReadAsByFTS5() throws {
        // Alone, and within a word.
        var codes = Array(UInt32(1)..<0x3400)
        codes += Array(UInt32(0xF900)..<0x20000)
        codes += Array(stride(from: UInt32(0x3400), through: 0x10FFFF, by: 61))
        // Other widths, and scripts without spaces, have words of their own.
        codes.removeAll {
            (0xFF01...0xFF9F).contains($0) || UnspacedScript.role(of: $0) != .none
        }
        let scalars = codes.compactMap { Unicode.Scalar($0) }
        let texts = scalars.map { "\($0) q\($0)q" }
        // Many in one text, or the table would have a row for each.
        let chunk = 64
        let joined = stride(from: 0, to: texts.count, by: chunk).map {
            texts[$0..<min($0 + chunk, texts.count)].joined(separator: " . ")
        }
        let expected = try Self.fts5(joined, tokenizer: "unicode61")
        for (text, expected) in zip(joined, expected) {
            #expect(Self.words(text).map { Array($0.utf8) } == expected)
        }
    }

    @Test func wordsThatTestEveryRuleHaveFTS5sStems() throws {
        let suffixes = [
            "sses", "ies", "ss", "s", "eed", "ed", "ing", "at", "bl", "iz", "y", "ational",
            "tional", "enci", "anci", "izer", "logi", "bli", "abli", "alli", "entli", "eli",
            "ousli", "ization", "ation", "ator", "alism", "iveness", "fulness", "ousness", "aliti",
            "iviti", "biliti", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al",
            "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
            "sion", "tion", "ou", "ism", "ate", "iti", "ous", "ive", "ize", "e", "ll", "l", "tt",
            "zz", "yy", "oy", "ay", "eeing", "ating", "bling", "izing", "hopping", "falling",
        ]
        let stems = [
            "", "a", "b", "y", "ab", "ba", "by", "yb", "ya", "ay", "tr", "tra", "aba", "bab", "bay",
            "yay", "abab", "babab", "sky", "rat", "roll", "crypt", "oxy", "é", "éé", "naï", "𐀀𐀀",
            "q1", "11", "rel", "oper", "communic", String(repeating: "ab", count: 30),
        ]
        var words = stems.flatMap { stem in suffixes.map { stem + $0 } }
        words += suffixes.flatMap { first in suffixes.map { "b" + first + $0 } }
        let texts = stride(from: 0, to: words.count, by: 100).map {
            words[$0..<min($0 + 100, words.count)].joined(separator: " ")
        }
        let expected = try Self.fts5(texts, tokenizer: "porter unicode61")
        for (text, expected) in zip(texts, expected) { #expect(Self.stems(text) == expected) }
    }

    @Test func randomWordsHaveFTS5sStems() throws {
        var generator = RandomSource.forTest()
        let letters = Array("aeiouybcdlnrstzggvm")
        let texts = (0..<200).map { _ in
            (0..<100).map { _ -> String in
                let count = Int.random(in: 1...9, using: &generator)
                return String((0..<count).map { _ in letters.randomElement(using: &generator)! })
            }.joined(separator: " ")
        }
        let expected = try Self.fts5(texts, tokenizer: "porter unicode61")
        for (text, expected) in zip(texts, expected) {
            let found = Self.stems(text)
            #expect(found == expected, "\(text)")
        }
    }

    @Test func longWordsAreCutAsByFTS5() throws {
        let texts = [
            String(repeating: "x", count: 32_767), String(repeating: "x", count: 40_000) + " y",
            String(repeating: "é", count: 40_000), "a\u{301}\u{301} \u{301} b\u{301}",
        ]
        let expected = try Self.fts5(texts, tokenizer: "porter unicode61")
        for (text, expected) in zip(texts, expected) { #expect(Self.stems(text) == expected) }
    }

    // MARK: Scripts without spaces

    @Test func unspacedTextIsCutInPairs() {
        #expect(Self.words("図書館", for: .passage) == ["図", "図書", "書", "書館", "館"])
        #expect(Self.words("図書館") == ["図", "図書", "書", "書館", "館"])
        #expect(
            Self.words("しりとり", for: .passage).sorted() == [
                "し", "しり", "と", "とり", "り", "り", "りと",
            ])
        #expect(Self.words("しりとり") == ["しり", "りと", "とり"])
        #expect(Self.words("食べる") == ["食", "食べ", "べる"])
        #expect(Self.words("학교에 갔다") == ["학교", "교에", "갔다"])
        #expect(Self.words("กินข้าว") == ["กิ", "ิน", "นข", "ข้", "้า", "าว"])
        // A letter alone, and what is between other words.
        #expect(Self.words("あ") == ["あ"] && Self.words("あ", for: .passage) == ["あ"])
        #expect(Self.words("물, 불") == ["물", "불"])
        #expect(
            Self.words("iPhone15を買うNow・今日は。tea茶")
                == ["iphone15", "を買", "買", "買う", "now", "今", "今日", "日", "日は", "tea", "茶"])
        // Nothing but signs.
        #expect(Self.words("。、「」・\u{309B}\u{0E34}") == ["\u{0E34}"])
        #expect(Self.words("\u{3099}\u{309A} \u{FE0F}x").last == "x")
    }

    /// Other widths, and characters in parts, are read as Foundation normalizes them.
    @Test func otherWidthsAndPartsAreNormalized() {
        #expect(Self.words("ＡＢＣ１２３　Ｔｅａ！") == ["abc123", "tea"])
        #expect(Self.words("ﾃﾞｰﾀﾍﾞｰｽ", for: .passage) == Self.words("データベース", for: .passage))
        for code in UInt32(0xFF66)...0xFF9D {
            for mark in ["", "\u{FF9E}", "\u{FF9F}"] {
                let text = String(Unicode.Scalar(code)!) + mark
                var full = text.decomposedStringWithCompatibilityMapping
                    .precomposedStringWithCanonicalMapping
                // A mark that does not belong there is passed over.
                full.unicodeScalars.removeAll { $0 == "\u{3099}" || $0 == "\u{309A}" }
                #expect(Self.words(text) == Self.words(full), "\(text)")
            }
        }
        let composed =
            Array(UInt32(0x3041)...0x3096) + Array(0x30A1...0x30F6)
            + Array(stride(from: UInt32(0xAC00), through: 0xD7A3, by: 211))
        for code in composed {
            let text = "日" + String(Unicode.Scalar(code)!) + "本"
            let parts = text.decomposedStringWithCanonicalMapping
            #expect(
                Self.words(parts, for: .passage) == Self.words(text, for: .passage), "\(text)")
        }
        // A form selected by a variation selector is the same word.
        #expect(Self.words("葛\u{E0100}城") == Self.words("葛城"))
    }

    @Test func nullsSeparate() {
        #expect(Self.words("near\0and") == ["near", "and"])
    }
}

extension Row {
    fileprivate func withUnsafeBytesOfColumn(_ index: Int) -> [UInt8] {
        (try? withUnsafeData(atIndex: index) { $0.map { Array($0) } ?? [] }) ?? []
    }
}
