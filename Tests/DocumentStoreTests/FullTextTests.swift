import DocumentStore
import Foundation
import TestSupport
import Testing

@Suite struct FullTextTests {
    @Test func titleAndTextAreSearchedStemmed() throws {
        let scratch = try ScratchFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            [
                .sample("a", title: "Running", text: "nothing of the kind"),
                .sample("b", text: "she runs and runs"),
                .sample("c", text: "a walk in the park"),
            ], to: collection)
        let hits = try store.search(fullText: "RUN!", limit: 10, in: collection)
        #expect(hits.map(\.passage) == [2, 1])
        #expect(hits.allSatisfy { $0.score > 0 })
        #expect(hits[0].score > hits[1].score)
        #expect(try store.search(fullText: "run", limit: 1, in: collection).count == 1)
        #expect(try store.search(fullText: "run", limit: 0, in: collection).isEmpty)
        #expect(try store.search(fullText: "zebra", limit: 10, in: collection).isEmpty)
        try store.close()
    }

    @Test func noTextIsASyntaxError() throws {
        let scratch = try ScratchFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            [
                .sample("a", text: "near and or not rowid title café c++"),
                .sample("b", text: "quote \" star * colon : caret ^ minus - plus + \u{1f600}"),
            ], to: collection)
        let hostile = [
            "", " ", "\"", "\"\"", "*", "a*", "NEAR(", "NEAR(a b, 2)", "AND OR", "NOT",
            "title:near",
            "{title text}: a", "^near", "- a", "a + b", "(", ")))", "'; DROP TABLE document; --",
            "\u{1f600}", "\u{0}", "near\0and", "\u{202e}", "c++", "e\u{301}", "\\", "%", "_",
            String(repeating: "\"", count: 1000), String(repeating: "(", count: 1000),
            (0..<10_000).map { "word\($0)" }.joined(separator: " "),
            (0..<10_000).map { _ in "near" }.joined(separator: " "),
            String(repeating: "x", count: 1_000_000),
        ]
        for query in hostile {
            #expect(throws: Never.self, "\(query.prefix(20))") {
                try store.search(fullText: query, limit: 10, in: collection)
            }
        }
        func ids(_ query: String) throws -> [Int64] {
            try store.search(fullText: query, limit: 10, in: collection).map(\.passage)
        }
        #expect(try ids("NEAR(") == [1])
        #expect(try ids("\"star\" *") == [2])
        #expect(try ids("CAFE\u{301}") == [1])
        #expect(try ids("near\0star") == [1, 2] || ids("near\0star") == [2, 1])
        try store.close()
    }

    /// Scores equal a plain computation of the documented formula.
    @Test func scoresAreBM25() throws {
        let scratch = try ScratchFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        var generator = SeededGenerator(seed: 7)
        let vocabulary = (0..<40).map { "w\($0)x" }
        let texts = (0..<400).map { _ in
            (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                // Squared, so that some words are common.
                let share = Double.random(in: 0..<1, using: &generator)
                return vocabulary[Int(share * share * share * 40)]
            }
        }
        let writes = texts.enumerated().map { index, words in
            DocumentWrite.sample(
                "\(index)", title: words[0], text: words.dropFirst().joined(separator: " "))
        }
        _ = try store.write(writes, to: collection)
        let total = Double(texts.count)
        let average = texts.reduce(0) { $0 + Double($1.count) } / total
        for query in [["w0x", "w3x"], ["w5x", "w9x", "w9x", "w30x"], ["w39x"], ["w0x"]] {
            var expected: [Int64: Double] = [:]
            let counts = Dictionary(grouping: query, by: { $0 }).mapValues { Double($0.count) }
            let frequencies = counts.mapValues { _ in 0.0 }.merging(
                counts.keys.map { word in
                    (word, Double(texts.count { $0.contains(word) }))
                }, uniquingKeysWith: { $1 })
            let rare = counts.keys.filter { (frequencies[$0] ?? 0) <= 0.4 * total }
            for word in rare.isEmpty ? Array(counts.keys) : rare {
                let found = frequencies[word] ?? 0
                let inverse = log(1 + (total - found + 0.5) / (found + 0.5))
                for (index, words) in texts.enumerated() {
                    let frequency = Double(words.count { $0 == word })
                    guard frequency > 0 else { continue }
                    let saturation = 1.0 * (1 - 0.6 + 0.6 * Double(words.count) / average)
                    expected[Int64(index + 1), default: 0] +=
                        (counts[word] ?? 0) * inverse * frequency * 2 / (frequency + saturation)
                }
            }
            let hits = try store.search(
                fullText: query.joined(separator: " "), limit: 1000, in: collection)
            #expect(Set(hits.map(\.passage)) == Set(expected.keys))
            for hit in hits {
                #expect(abs(hit.score - (expected[hit.passage] ?? 0)) < 1e-9)
            }
            for (first, second) in zip(hits, hits.dropFirst()) {
                #expect((second.score, first.passage) < (first.score, second.passage))
            }
        }
        try store.close()
    }

    @Test func scoresFollowWhatIsWritten() throws {
        let scratch = try ScratchFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a", text: "apple")], to: collection)
        let before = try store.search(fullText: "apple", limit: 5, in: collection)
        _ = try store.write(
            (0..<9).map { .sample("\($0)", text: "pear") }, to: collection)
        let after = try store.search(fullText: "apple", limit: 5, in: collection)
        #expect(after[0].score > before[0].score)
        _ = try store.write([.sample("a", text: "plum")], to: collection)
        #expect(try store.search(fullText: "apple", limit: 5, in: collection).isEmpty)
        try store.close()
    }

    @Test func aFilterKeepsOnlyWhatMatches() throws {
        let scratch = try ScratchFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<300).map {
                .sample("\($0)", text: "common w\($0 % 7)", metadata: #"{"n":\#($0)}"#)
            }, to: collection)
        let predicate = MetadataPredicate.comparison(field: "n", .greaterOrEqual, .integer(297))
        let hits = try store.search(
            fullText: "common", limit: 10, where: predicate, in: collection)
        #expect(hits.map(\.passage).sorted() == [298, 299, 300])
        let others = try store.search(
            fullText: "common w3", limit: 1000, where: .not(predicate), in: collection)
        let expected = (0..<297).filter { $0 % 7 == 3 }.map { Int64($0 + 1) }
        #expect(others.map(\.passage).sorted() == expected)
        try store.close()
    }

    @Test func collectionsCountTheirOwnWords() throws {
        let scratch = try ScratchFolder()
        let (store, first) = try DocumentStore.make(scratch)
        let second = try store.createCollection(
            named: "second", dimensions: 0, model: .init(name: "", fingerprint: "none"))
        _ = try store.write([.sample("a", text: "apple")], to: first)
        _ = try store.write([.sample("a", text: "apple pie", vector: [])], to: second)
        #expect(try store.search(fullText: "apple", limit: 5, in: first).map(\.passage) == [1])
        #expect(try store.search(fullText: "apple", limit: 5, in: second).map(\.passage) == [2])
        try store.dropCollection(first)
        #expect(throws: StoreError.collectionMissing(name: "default")) {
            try store.search(fullText: "apple", limit: 5, in: first)
        }
        #expect(try store.document(id: "a", in: second) != nil)
        #expect(try store.check().isEmpty)
        try store.close()
    }
}
