import Testing
import VectorDatabase

@Suite struct HighlighterTests {
    private func words(_ query: String, _ text: String) -> [String] {
        Highlighter(query: query).matches(in: text).map { String(text[$0]) }
    }

    @Test func wordsAreFoundAsSearchFindsThem() {
        #expect(
            words("storing apples", "Apple growers store apples; we stored pears.")
                == ["Apple", "store", "apples", "stored"])
        #expect(words("cafe", "Le Café, un cafetier") == ["Café"])
        #expect(words("777", "id=777, id=17770") == ["777"])
        #expect(words("東京", "日本の首都は東京です") == ["東京"])
        #expect(words("首都", "日本の首都は東京です") == ["首都"])
        // Words are known by their bytes: an é as one code point or as two.
        #expect(
            words("cafe", "caf\u{E9} cafe\u{301} café-cafe") == ["café", "café", "café", "cafe"])
        #expect(words("x2 7b", "x2, X2; 7B_7b").count == 4)
        #expect(words("", "text") == [] && words("!?", "text") == [] && words("text", "") == [])
    }

    @Test func theWindowShowsTheMostDifferentWords() throws {
        let filler = String(repeating: "Nothing of note happens here. ", count: 20)
        let text = filler + "A volcano is far. " + filler + "The volcano erupts in ash. " + filler
        let window = try #require(
            Highlighter(query: "volcano ash").bestWindow(in: text, length: 60))
        #expect(text[window].hasPrefix("The volcano erupts in ash."))
        #expect(text[window].count == 60)
        #expect(Highlighter(query: "kites").bestWindow(in: text, length: 60) == nil)
        let short = "ash"
        let all = Highlighter(query: "ash").bestWindow(in: short, length: 60)
        #expect(all == short.startIndex..<short.endIndex)
        // In the middle of a long line it begins at a word.
        let line =
            String(repeating: "word ", count: 50) + "target "
            + String(repeating: "more ", count: 50)
        let middle = try #require(Highlighter(query: "target").bestWindow(in: line, length: 40))
        #expect(line[middle].hasPrefix("word ") && line[middle].contains("target"))
    }
}
