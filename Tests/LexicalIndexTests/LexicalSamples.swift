import Foundation
import TestSupport

@testable import LexicalIndex

/// Passages by key, and BM25 over them computed plainly.
struct PlainIndex {
    private struct Counted {
        var length = 0
        var frequencies: [[UInt8]: Int] = [:]
    }

    private var counted: [Int64: Counted] = [:]

    var keys: [Int64] { counted.keys.sorted() }

    mutating func insert(_ key: Int64, _ title: String, _ text: String) {
        var counts = Counted()
        for part in [title, text] {
            LexicalQuery.forEachWord(in: part, for: .passage) { _, stem in
                counts.length += 1
                counts.frequencies[stem, default: 0] += 1
            }
        }
        counted[key] = counts
    }

    mutating func remove(_ key: Int64) { counted[key] = nil }

    /// Every passage scored with every term, in the order of the query's terms.
    func search(
        _ text: String, limit: Int, allowed: Set<Int64>? = nil, k1: Double = 1, b: Double = 0.6
    ) -> [ScoredKey] {
        let total = counted.values.reduce(0) { $0 + $1.length }
        let average = BM25.average(length: total, passages: counted.count)
        let query = LexicalQuery(text, passageCount: counted.count) { stem in
            counted.values.count { $0.frequencies[stem] != nil }
        }
        var matches: [ScoredKey] = []
        for (key, counts) in counted where allowed?.contains(key) != false {
            var score = 0.0
            for term in query.terms {
                guard let frequency = counts.frequencies[term.stem] else { continue }
                let saturation =
                    k1 * (1 - b + b * Double(counts.length) / average)
                score +=
                    term.weight * Double(frequency) * (k1 + 1)
                    / (Double(frequency) + saturation)
            }
            if score > 0 { matches.append(ScoredKey(key: key, score: score)) }
        }
        return Array(matches.sorted(by: ScoredKey.precedes).prefix(limit))
    }
}

extension LexicalHeader {
    static func sample(position: Int64 = 1, through: Int64) -> LexicalHeader {
        LexicalHeader(
            databaseIdentity: UUID(uuidString: "6F9619FF-8B86-D011-B42D-00C04FC964FF")!,
            collection: 1, place: Place(position: position, token: position * 7),
            throughKey: through)
    }
}

extension LexicalSegment {
    static func make(_ passages: [(key: Int64, title: String, text: String)]) -> LexicalSegment {
        var builder = SegmentBuilder()
        for passage in passages {
            builder.append(key: passage.key, title: passage.title, text: passage.text)
        }
        return builder.segment(.sample(through: passages.last?.key ?? 0))
    }
}

/// Texts whose word frequencies are as uneven as those of a natural language.
struct TextMaker {
    var generator: RandomSource
    let words: [String]

    init(seed: UInt64, vocabulary: Int) {
        generator = RandomSource(seed: seed)
        words = (0..<vocabulary).map { "w\($0)x" }
    }

    mutating func word() -> String {
        let share = Double.random(in: 0..<1, using: &generator)
        return words[Int(share * share * share * Double(words.count))]
    }

    mutating func text(_ length: ClosedRange<Int>) -> String {
        (0..<Int.random(in: length, using: &generator)).map { _ in word() }
            .joined(separator: " ")
    }
}
