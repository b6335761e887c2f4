import TestSupport
import Testing
import VectorDatabase

/// A token for each word.
private func words(_ text: String) -> Int { text.split { $0.isWhitespace }.count }

private func texts(
    _ text: String, _ maximum: Int, _ overlap: Int = 0, _ layout: TextLayout = .plain,
    count: (String) -> Int = words
) -> [String] {
    let passages = Chunking(maximumTokens: maximum, overlapTokens: overlap)
        .passages(of: text, layout: layout, tokenCount: count)
    let bytes = Array(text.utf8)
    for passage in passages {
        #expect(String(decoding: bytes[passage.range], as: UTF8.self) == passage.text)
    }
    return passages.map(\.text)
}

@Suite struct ChunkingTests {
    @Test func shortTextsAndRecordsStayWhole() {
        #expect(texts("one two three", 3) == ["one two three"])
        #expect(texts("  padded\n", 1) == ["  padded\n"])
        #expect(texts("", 3) == [""])
        let long = "a b c. D e f. G h i."
        #expect(texts(long, 3, 0, .record) == [long])
        let cut = Chunking(maximumTokens: 3, overlapTokens: 0, cutsRecords: true)
            .passages(of: long, layout: .record, tokenCount: words)
        #expect(cut.map(\.text) == ["a b c.", "D e f.", "G h i."])
    }

    @Test func passagesAreNoLongerThanTheModelReads() {
        let text = (0..<40).map { "A\($0) b c." }.joined(separator: " ")
        func longest(_ layout: TextLayout, _ maximum: Int) -> Int? {
            Chunking(maximumTokens: maximum, overlapTokens: maximum / 8)
                .passages(of: text, layout: layout, longest: 20, tokenCount: words)
                .map { words($0.text) }.max()
        }
        #expect(longest(.plain, 256) == 18 && longest(.plain, 10) == 9)
        // A record is cut only if it must be, and then as any text.
        #expect(longest(.record, 256) == 18 && longest(.record, 10) == 9)
        let fitting = "a b c. d e f."
        for cutsRecords in [false, true] {
            let passages = Chunking(maximumTokens: 3, overlapTokens: 0, cutsRecords: cutsRecords)
                .passages(of: fitting, layout: .record, longest: 6, tokenCount: words)
            #expect(passages.count == (cutsRecords ? 2 : 1))
        }
    }

    /// Logs have no blank lines and no sentences; a line may be any length.
    @Test func logsAreCutAtLines() {
        let log = (0..<300).map { "worker \($0): job done in \($0 * 7) ms" }
        let passages = texts(log.joined(separator: "\n"), 40)
        #expect(passages.count > 40)
        #expect(passages.allSatisfy { $0.hasPrefix("worker ") && $0.hasSuffix(" ms") })
        #expect(passages.allSatisfy { words($0) <= 40 })
        // No count is of much more than a beginning.
        var longest = 0
        let line = (0..<20_000).map { "word\($0)" }.joined(separator: " ")
        let cut = Chunking(maximumTokens: 40, overlapTokens: 0).passages(of: line, layout: .plain) {
            longest = max(longest, $0.utf8.count)
            return words($0)
        }
        #expect(longest <= 1 << 14)
        #expect(cut.map(\.text).joined() == line)
        #expect(cut.allSatisfy { words($0.text) <= 40 })
    }

    @Test func whiteSpaceCounts() {
        let lines = String(repeating: "\n", count: 6)
        let text = "a b\(lines)c d\(lines)e f"
        let count = { (text: String) in words(text) + text.utf8.count { $0 == 10 } }
        #expect(texts(text, 10, 0, .plain, count: count) == ["a b\(lines)c d", "e f"])
        #expect(texts(text, 4, 0, .plain, count: count) == ["a b", "c d", "e f"])
    }

    @Test func sentencesAreKeptTogether() {
        #expect(
            texts("One two three. Four five! Six (seven e.g. eight)? Nine ten.", 6)
                == ["One two three. Four five!", "Six (seven e.g. eight)? Nine ten."])
        #expect(
            texts("これは長い文です。次の文。", 9, count: { $0.count })
                == ["これは長い文です。", "次の文。"])
    }

    @Test func paragraphsComeBeforeSentences() {
        let text = "A b c d. E f.\n\nG h i. J k l. M n o."
        #expect(texts(text, 10) == ["A b c d. E f.", "G h i. J k l. M n o."])
    }

    @Test func theEndOfAPassageIsRepeated() {
        let text = "A b. C d. E f. G h. I j."
        #expect(texts(text, 6, 2) == ["A b. C d. E f.", "E f. G h. I j."])
    }

    @Test func headingsBeginPassages() {
        let text = """
            # Title

            Intro words here now.

            ## First

            One two three four. Five six seven eight.

            ## Second

            Nine ten eleven twelve.
            """
        let passages = texts(text, 12, 4, .markdown)
        #expect(passages.count == 3)
        #expect(passages[0] == "# Title\n\nIntro words here now.")
        #expect(passages[1].hasPrefix("## First") && passages[1].hasSuffix("eight."))
        #expect(passages[2].hasPrefix("## Second"))
    }

    @Test func aHashInCodeIsNoHeading() {
        let code = "```\n# not a heading\nx = 1\n```"
        let text = "Some words before the code.\n\n" + code + "\n\nSome words after the code."
        let passages = texts(text, 9, 0, .markdown)
        #expect(passages.contains { $0.contains(code) }, "\(passages)")
    }

    @Test func wordsAndCharactersWhereThereIsNothingElse() {
        let long = (0..<100).map { "word\($0)" }.joined(separator: " ")
        for passage in texts(long, 7) { #expect(words(passage) <= 7) }
        #expect(texts(long, 7).joined(separator: " ").split(separator: " ").count == 100)
        let solid = String(repeating: "日本語", count: 100)
        let pieces = texts(solid, 10, 0, .plain, count: { $0.count })
        #expect(pieces.joined() == solid && pieces.allSatisfy { $0.count <= 10 })
    }

    /// Whatever the text, nothing is lost, no passage is too long, and passages advance.
    @Test(arguments: 0..<200) func randomTexts(seed: UInt64) {
        var generator = RandomSource(seed: seed)
        let atoms = [
            "word", " ", "\n", "\n\n", "# H\n", ". A", "```\n", "- x\n", "é", "日本。", "!", "===\n",
            "| a |\n",
        ]
        let text = (0..<Int.random(in: 0...300, using: &generator))
            .map { _ in atoms.randomElement(using: &generator)! }.joined()
        let maximum = Int.random(in: 2...40, using: &generator)
        let overlap = Int.random(in: 0...20, using: &generator)
        let passages = Chunking(maximumTokens: maximum, overlapTokens: overlap)
            .passages(of: text, layout: .markdown) { $0.utf8.count / 3 + 1 }
        let bytes = Array(text.utf8)
        var covered = 0
        var lastStart = -1
        for passage in passages {
            #expect(passage.range.lowerBound > lastStart)
            lastStart = passage.range.lowerBound
            let gap = bytes[min(covered, passage.range.lowerBound)..<passage.range.lowerBound]
            #expect(gap.allSatisfy { $0 == 32 || $0 == 10 }, "lost \(gap)")
            #expect(passage.range.upperBound > covered || text.isEmpty)
            covered = max(covered, passage.range.upperBound)
        }
        #expect(bytes[covered...].allSatisfy { $0 == 32 || $0 == 10 })
    }
}
