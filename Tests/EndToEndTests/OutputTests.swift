import Testing

@testable import vdb

@Suite("Lines, columns and figures on a terminal")
struct OutputTests {
    @Test("Figures are grouped, and sizes and times have the unit that suits them")
    func figures() {
        #expect(Figures.grouped(1_234_567) == "1,234,567")
        #expect(Figures.grouped(.min) == "-9,223,372,036,854,775,808")
        #expect(Figures.duration(124.2) == "2:05")
        #expect(Figures.duration(3725) == "1:02:05")
        #expect(
            [0, 999, 1000, 27_300_000].map(Figures.size) == [
                "0 bytes", "999 bytes", "1.0 kB", "27.3 MB",
            ])
        #expect(Figures.size(5_000_000_000_000) == "5000.0 GB")
        #expect(Figures.signed(0.5, 2) == "+0.50")
        #expect(Figures.count(1, "step") == "1 step")
        #expect(Figures.count(1200, "step") == "1,200 steps")
    }

    @Test("Columns are as wide as a terminal shows them")
    func columns() {
        // A wide character takes two columns.
        #expect(Columns.left("日本", 6) == "日本  ")
        #expect(Columns.right("日本", 6) == "  日本")
        #expect(Columns.right("12345", 3) == " 12345")
        #expect(Columns.right("12345", 5, gap: 0) == "12345")
        #expect(Columns.facts([("a", "1"), ("long", "2")]) == ["a     1", "long  2"])
    }

    @Test("Text is wrapped between words, and where it has none in them")
    func wrapping() {
        #expect(Columns.wrapped("one two three", to: 7, limit: 3) == ["one two", "three"])
        #expect(Columns.wrapped("one two three", to: 7, limit: 1) == ["one tw…"])
        #expect(Columns.wrapped("aa bbbb", to: 4, limit: 3) == ["aa", "bbbb"])
        #expect(
            Columns.wrapped("… 東京は日本の首都です", to: 10, limit: 3) == [
                "… 東京は日", "本の首都で", "す",
            ])
        #expect(Columns.wrapped("一二三四五六", to: 4, limit: 2) == ["一二", "三…"])
        #expect(Columns.wrapped("abcdefgh x", to: 4, limit: 9) == ["abcd", "efgh", "x"])
        #expect(Columns.wrapped("日", to: 1, limit: 3) == ["日"])
        #expect(Columns.wrapped("", to: 4, limit: 3) == [])
    }

    @Test("Long ids are cut on a terminal, and whole in a pipe")
    func longIDs() throws {
        let vdb = Program()
        let id = String(repeating: "文書/", count: 50)
        try vdb.write("d.jsonl", #"{"_id":"\#(id)","title":"T","text":"Tides."}"# + "\n")
        try vdb.run("ingest", "d.jsonl", "-q")
        for arguments in [["query", "tides"], ["list"]] {
            #expect(try vdb.run(arguments).output.contains(id))
            // A terminal without a size has 80 columns.
            let lines = try vdb.onTerminal(arguments).split(whereSeparator: \.isNewline)
            #expect(lines.contains { $0.contains("文書/文書/") })
            for line in lines {
                let plain = String(line).replacing(/\u{1B}\[\d*m/, with: "")
                #expect(Columns.width(of: plain) <= 80 && !plain.contains("\t"), "\(plain)")
            }
        }
    }

    @Test("A line of progress says what is known")
    func progress() {
        #expect(
            ProgressLine.text(done: 1200, total: nil, unit: "rows", note: nil, seconds: 2)
                == "1,200 rows  600/s")
        #expect(
            ProgressLine.text(done: 25, total: 100, unit: "rows", note: nil, seconds: 5)
                == "█████░░░░░░░░░░░░░░░  25 %  25/100 rows  5/s  0:15 left")
        // In a log, without the bar.
        #expect(
            ProgressLine.text(
                done: 25, total: 100, unit: "rows", note: nil, seconds: 5, hasBar: false)
                == "25 %  25/100 rows  5/s  0:15 left")
        // A step may take minutes: no rate below one a second, and the note in place of the time.
        #expect(
            ProgressLine.text(done: 1, total: 2, unit: "steps", note: "loss 1.5", seconds: 90)
                == "██████████░░░░░░░░░░  50 %  1/2 steps  loss 1.5")
    }
}
