import Testing

@testable import LexicalIndex

/// Results must equal plain scoring of every passage, to the last digit and including ties.
@Suite struct SearchTests {
    private typealias Row = (key: Int64, title: String, text: String)

    private static let queries = [
        "w0x", "w1x w2x", "w3x w0x w40x", "w5x w5x w90x", "w99x", "w200x w201x", "nothing", "",
        "w1x w2x w3x w4x w5x w6x w7x w8x w9x w10x", "w120x w121x w3x w2x w17x w0x w1x",
    ]

    private static func compare(
        _ plain: PlainIndex, _ snapshot: LexicalSnapshot, allowed: Set<Int64>? = nil,
        limits: [Int] = [1, 3, 10, 100, 5000], scoring: BM25 = .standard
    ) {
        #expect(snapshot.passageCount == plain.keys.count)
        for query in queries {
            let expected = plain.search(
                query, limit: .max, allowed: allowed, k1: scoring.k1, b: scoring.b)
            for limit in limits {
                let found = snapshot.search(
                    query, limit: limit, allowed: allowed?.sorted(), scoring: scoring
                ).hits
                #expect(found == Array(expected.prefix(limit)), "\(query), \(limit)")
            }
        }
    }

    private static func plain(_ rows: [Row]) -> PlainIndex {
        var plain = PlainIndex()
        for row in rows { plain.insert(row.key, row.title, row.text) }
        return plain
    }

    @Test(arguments: [1, 2, 100, 300, 5000])
    func equalsBruteForce(count: Int) {
        var maker = TextMaker(seed: UInt64(count), vocabulary: 300)
        let rows = (1...Int64(count)).map { ($0 * 3, maker.text(0...2), maker.text(0...40)) }
        Self.compare(Self.plain(rows), LexicalSnapshot([LiveSegment(.make(rows))]))
    }

    /// Bounds that were written for the standard parameters bound the scores of others, at the ends
    /// of their ranges too.
    @Test(arguments: [
        BM25(k1: 0.3, b: 0.3), BM25(k1: 2.5, b: 0.9), BM25(k1: 0.01, b: 0.6), BM25(k1: 20, b: 0.1),
        BM25(k1: 1.2, b: 0), BM25(k1: 0.7, b: 1), BM25(k1: 1, b: 0.6),
    ])
    func otherParametersEqualBruteForce(scoring: BM25) {
        for count in [3, 300, 5000] {
            var maker = TextMaker(seed: UInt64(count), vocabulary: 300)
            // The second segment's texts are longer, so that its average differs from the whole's.
            let first = (1...Int64(count)).map { ($0 * 3, maker.text(0...2), maker.text(0...40)) }
            let second = (1...Int64(count)).map {
                ($0 + Int64(4 * count), maker.text(0...2), maker.text(1...200))
            }
            Self.compare(
                Self.plain(first + second),
                LexicalSnapshot([LiveSegment(.make(first)), LiveSegment(.make(second))]),
                scoring: scoring)
        }
    }

    @Test func equalPassagesComeInTheOrderOfTheirKeys() {
        let rows = (1...Int64(6000)).map { ($0, "", $0 % 2 == 0 ? "w1x w2x" : "w7x") }
        Self.compare(
            Self.plain(rows), LexicalSnapshot([LiveSegment(.make(rows))]), limits: [1, 10, 200])
    }

    /// Inserts and deletes in segments, which are sometimes merged.
    @Test(arguments: [UInt64(1), 2])
    func equalsBruteForceThroughChurn(seed: UInt64) throws {
        var maker = TextMaker(seed: seed, vocabulary: 300)
        var plain = PlainIndex()
        var parts: [LiveSegment] = []
        var next: Int64 = 1
        for round in 0..<9 {
            var rows: [Row] = []
            for _ in 0..<Int.random(in: 1...400, using: &maker.generator) {
                // Texts grow, so that average lengths differ from those at the time of writing.
                rows.append((next, maker.text(0...1), maker.text(0...(10 + 8 * round))))
                next += Int64.random(in: 1...3, using: &maker.generator)
            }
            for row in rows { plain.insert(row.key, row.title, row.text) }
            parts.append(LiveSegment(.make(rows)))
            let doomed = plain.keys.filter { _ in
                Int.random(in: 0..<6, using: &maker.generator) == 0
            }
            for key in doomed { plain.remove(key) }
            for index in parts.indices {
                parts[index].delete(keys: doomed.map { $0...$0 })
                parts[index].delete(keys: doomed.prefix(1).map { $0...$0 })
            }
            Self.compare(plain, LexicalSnapshot(parts), limits: [1, 10, 300])
            if round % 4 == 3 {
                let merged = try SegmentMerger(parts).segment(.sample(through: next))
                parts = [LiveSegment(merged)]
                Self.compare(plain, LexicalSnapshot(parts), limits: [10])
            }
        }
        parts[0].delete(keys: [1...next])
        #expect(parts[0].count == 0 && parts[0].totalLength == 0)
    }

    @Test func filtersGiveAllThatMatch() {
        var maker = TextMaker(seed: 5, vocabulary: 200)
        let rows = (1...Int64(3000)).map { ($0, "", maker.text(1...30)) }
        var plain = Self.plain(rows)
        var parts = [rows[..<1500], rows[1500...]].map { LiveSegment(.make(Array($0))) }
        for key in [Int64(5), 77, 2900] {
            plain.remove(key)
            for index in parts.indices { parts[index].delete(keys: [key...key]) }
        }
        let snapshot = LexicalSnapshot(parts)
        for step in [2, 10, 100, 1000, 5000] {
            let allowed = Set(stride(from: Int64(1), through: 4000, by: step))
            Self.compare(plain, snapshot, allowed: allowed, limits: [10, 100])
        }
        Self.compare(plain, snapshot, allowed: [], limits: [10])
        // Keys that were deleted or never existed.
        Self.compare(plain, snapshot, allowed: [5, 77, 10_000, 78], limits: [10])
    }

    /// In a large collection most postings are skipped, and yet nothing is lost: sparse and dense
    /// terms, known and unknown thresholds, deletions.
    @Test func mostPostingsArePassedOver() {
        var maker = TextMaker(seed: 8, vocabulary: 3000)
        let rows = (1...Int64(20_000)).map { ($0, "", maker.text(1...30)) }
        var part = LiveSegment(.make(rows))
        for query in ["w2900x w10x w5x w1x", "w2500x w2501x w0x w1x w2x", "w40x w3x w2x", "w700x"] {
            for _ in 0..<2 {
                let snapshot = LexicalSnapshot([part])
                let all = snapshot.search(query, limit: 20_000)
                for limit in [1, 10, 100, 600] {
                    let few = snapshot.search(query, limit: limit)
                    #expect(Array(all.hits.prefix(limit)) == few.hits, "\(query), \(limit)")
                    guard limit == 10, query.contains(" ") else { continue }
                    #expect(few.cost.postings < all.cost.postings / 2)
                    #expect(few.cost.scored < 100)
                }
                part.delete(keys: all.hits.prefix(7).map { $0.key...$0.key })
            }
        }
    }
}
