import TestSupport
import Testing

@testable import LexicalIndex

/// Posting blocks as a store would keep them, with passages that come, go and are merged.
private struct BlockTable {
    private var rows: [BlockSearch.Name: BlockSearch.Row] = [:]
    private var gone: [BlockSearch.Name: BlockSearch.Row] = [:]
    private var texts: [Int64: (title: String, text: String)] = [:]
    private var builder = SegmentBuilder()
    private(set) var words = 0
    /// The number of blocks that searches have read after the first statement, and left out.
    var (read, leftOut) = (0, 0)

    var passages: Int { texts.count }

    mutating func insert(_ passages: [(key: Int64, title: String, text: String)]) {
        for row in rowsOf(passages, isGone: false) { rows[row.name] = row }
        for passage in passages { texts[passage.key] = (passage.title, passage.text) }
    }

    mutating func delete(_ keys: [Int64]) {
        let passages = keys.sorted().compactMap { key in
            texts.removeValue(forKey: key).map { (key: key, title: $0.title, text: $0.text) }
        }
        for row in rowsOf(passages, isGone: true) { gone[row.name] = row }
    }

    private mutating func rowsOf(
        _ passages: [(key: Int64, title: String, text: String)], isGone: Bool
    ) -> [BlockSearch.Row] {
        var builder = SegmentBuilder()
        for passage in passages {
            builder.append(key: passage.key, title: passage.title, text: passage.text)
        }
        words += isGone ? -builder.totalLength : builder.totalLength
        var encoder = PostingBlockEncoder(
            average: Double(builder.totalLength) / Double(max(passages.count, 1)))
        var found: [BlockSearch.Row] = []
        builder.forEachTerm { term, postings in
            for block in encoder.blocks(of: postings) {
                found.append(
                    BlockSearch.Row(
                        term: term, summary: block.summary, bytes: block.bytes, isGone: isGone))
            }
        }
        return found
    }

    /// Makes as few blocks as possible.
    mutating func merge() throws {
        var encoder = PostingBlockEncoder(average: Double(words) / Double(max(passages, 1)))
        for (term, group) in Dictionary(grouping: rows.values, by: \.term) {
            var postings = KeyedPostings()
            for row in group { postings.append(try #require(row.postings)) }
            let gone = gone.values.filter { $0.term == term }
            let left = Set(gone.flatMap { $0.postings?.keys ?? [] })
            for row in group { rows[row.name] = nil }
            for block in encoder.blocks(of: postings.without(left).sorted()) {
                let row = BlockSearch.Row(term: term, summary: block.summary, bytes: block.bytes)
                rows[row.name] = row
            }
        }
        gone = [:]
    }

    func blocks(of term: String) -> [BlockSearch.Row] {
        rows.values.filter { $0.term == Array(term.utf8) }
    }

    mutating func search(
        _ text: String, limit: Int, scoring: BM25 = .standard
    ) throws -> [ScoredKey] {
        let terms = Set(BlockSearch.keys(of: text))
        var answer = rows.values.filter { terms.contains($0.term) }.map { row in
            BlockSearch.Row(
                term: row.term, summary: row.summary,
                bytes: row.summary.isFull ? nil : row.bytes)
        }
        let unread = answer.count { $0.bytes == nil }
        answer += gone.values.filter { terms.contains($0.term) }
        var search = try BlockSearch(
            text, passages: passages, words: words, rows: answer, scoring: scoring)
        let names = search.unread(for: limit)
        read += names.count
        leftOut += unread - names.count
        try search.add(Dictionary(uniqueKeysWithValues: names.map { ($0, rows[$0]?.bytes ?? []) }))
        return search.search(limit: limit).hits
    }
}

extension BlockSearch.Row {
    fileprivate var name: BlockSearch.Name { .init(term: term, block: summary.first) }
    fileprivate var postings: KeyedPostings? {
        PostingBlock(summary, bytes: bytes ?? []).postings()
    }
}

@Suite struct BlockTests {
    @Test("A block's bytes hold its postings, at the extremes, too")
    func roundTrip() throws {
        var random = RandomSource.forTest()
        for round in 0..<200 {
            var all = KeyedPostings()
            let count = [1, 2, 127, 128, 129, 511, 512, 513, 1600][round % 9]
            var key = Int64.random(in: 1...(1 << 50), using: &random)
            let steps: ClosedRange<Int64> = round % 4 == 0 ? 1...(1 << 33) : 1...(1 << 12)
            for _ in 0..<count {
                all.append(
                    key,
                    frequency: random.chance(0.05)
                        ? UInt32.random(in: 1...1 << 31, using: &random) : 1,
                    length: random.chance(0.05)
                        ? UInt32.random(in: 0...UInt32.max, using: &random)
                        : UInt32.random(in: 1...200, using: &random))
                key += round % 3 == 0 ? 1 : Int64.random(in: steps, using: &random)
            }
            var encoder = PostingBlockEncoder(average: 60)
            var decoded = KeyedPostings()
            for block in encoder.blocks(of: all) {
                let postings = try #require(block.postings())
                #expect(postings.count == block.summary.count && postings.count <= 512)
                #expect(postings.keys.first == block.summary.first)
                #expect(postings.keys.last == block.summary.last)
                #expect(block.isBounded(postings))
                decoded.append(postings)
            }
            #expect(decoded == all)
        }
    }

    @Test("Damaged bytes are refused or read as something, and nothing beyond them is touched")
    func damage() {
        var random = RandomSource.forTest()
        var all = KeyedPostings()
        for index in 0..<300 { all.append(Int64(index * 7 + 1), frequency: 2, length: 50) }
        var encoder = PostingBlockEncoder(average: 50)
        let block = encoder.blocks(of: all)[0]
        for _ in 0..<3000 {
            var bytes = block.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            if random.chance(0.3) { bytes = Array(bytes.prefix(random.pick([0, 1, 2, 40, 300]))) }
            let read = PostingBlock(block.summary, bytes: bytes).postings()
            #expect(read == nil || read?.count == 300)
        }
        let huge = PostingBlockSummary(
            first: .max, span: .max, count: 1, maximumWeight: 9, average: 0)
        #expect(PostingBlock(huge, bytes: block.bytes).postings() == nil)
    }

    @Test("A passage that two damaged blocks claim counts once")
    func duplicates() throws {
        var table = BlockTable()
        table.insert([(5, "", "alpha beta"), (9, "", "alpha")])
        let blocks = try #require(table.blocks(of: "alpha").first)
        let other = PostingBlockSummary(
            first: 5, span: blocks.summary.span, count: 2, maximumWeight: 255, average: 1)
        let copies = [blocks, .init(term: blocks.term, summary: other, bytes: blocks.bytes)]
        let search = try BlockSearch("alpha", passages: 2, words: 3, rows: copies)
        #expect(search.search(limit: 9).hits.map(\.key) == [9, 5])
    }

    @Test("A term too long for an index stands by a hash")
    func longTerms() {
        let short = [UInt8](repeating: 97, count: 64)
        #expect(TermKey.of(short) == short)
        let long = TermKey.of(short + [97])
        #expect(long.count == 17 && long[0] == 0xFF && long != TermKey.of(short + [98]))
    }

    @Test(
        "Every score is that of segments, to the last bit, through churn and merging",
        arguments: [1, 2, 3, 4] as [UInt64])
    func sameAsSegments(seed: UInt64) throws {
        var maker = TextMaker(seed: seed, vocabulary: 300)
        var table = BlockTable()
        var parts: [LiveSegment] = []
        var next: Int64 = 1
        for round in 0..<8 {
            var rows: [(key: Int64, title: String, text: String)] = []
            for _ in 0..<Int.random(in: 1...700, using: &maker.generator) {
                rows.append((next, maker.text(0...1), maker.text(0...(10 + 8 * round))))
                next += Int64.random(in: 1...3, using: &maker.generator)
            }
            // Two writers at a time: their keys come between each other.
            let share = maker.generator.chance(0.5) ? 2 : 1
            for part in 0..<share {
                table.insert(
                    rows.enumerated().filter { $0.offset % share == part }.map(\.element))
            }
            parts.append(LiveSegment(.make(rows)))
            if round % 2 == 1 {
                let doomed =
                    rows.map(\.key).filter { _ in maker.generator.chance(0.2) }
                    + (0..<50).map { _ in Int64.random(in: 1..<next, using: &maker.generator) }
                table.delete(Array(Set(doomed)))
                for index in parts.indices { parts[index].delete(keys: doomed.map { $0...$0 }) }
            }
            try compare(&table, LexicalSnapshot(parts), &maker)
            if round % 3 == 2 {
                try table.merge()
                try compare(&table, LexicalSnapshot(parts), &maker)
            }
        }
    }

    private func compare(
        _ table: inout BlockTable, _ snapshot: LexicalSnapshot, _ maker: inout TextMaker
    ) throws {
        #expect(table.passages == snapshot.passageCount && table.words == snapshot.totalLength)
        for _ in 0..<6 {
            let query = maker.text(1...8) + " absent"
            for limit in [1, 10, 200, 100_000] {
                let scoring = maker.generator.chance(0.2) ? BM25(k1: 1.7, b: 0.2) : .standard
                let expected = snapshot.search(query, limit: limit, scoring: scoring).hits
                let found = try table.search(query, limit: limit, scoring: scoring)
                #expect(found == expected, "\(query), \(limit)")
                #expect(
                    found.map(\.score.bitPattern) == expected.map(\.score.bitPattern), "\(query)")
            }
        }
    }

    @Test("Of a large collection most full blocks are left out, and yet nothing is lost")
    func blocksAreLeftOut() throws {
        var maker = TextMaker(seed: 8, vocabulary: 3000)
        let rows = (1...Int64(20_000)).map { (key: $0, title: "", text: maker.text(1...30)) }
        var table = BlockTable()
        for start in stride(from: 0, to: rows.count, by: 4000) {
            table.insert(Array(rows[start..<start + 4000]))
        }
        try table.merge()
        let snapshot = LexicalSnapshot([LiveSegment(.make(rows))])
        for query in ["w2900x w10x w1x", "w2500x w2501x w0x w1x w2x", "w2000x w3x w2x", "w7x"] {
            for limit in [1, 10, 100] {
                #expect(
                    try table.search(query, limit: limit)
                        == snapshot.search(query, limit: limit).hits)
            }
        }
        #expect(table.leftOut > 0)
    }
}
