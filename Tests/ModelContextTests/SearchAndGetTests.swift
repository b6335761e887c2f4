import JSON
import ModelContext
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// The tools that read: pages, cuts and bounds, compared with the database itself.
struct SearchAndGetTests {
    private static func notes(_ count: Int) -> [Document] {
        (0..<count).map { number in
            Document(
                id: "note-\(number)", text: "apples and tide \(number) \(number % 7)",
                title: "Note \(number)", metadata: ["number": .integer(Int64(number))])
        }
    }

    @Test(arguments: TestStore.available)
    func pagesAreTheWholeList(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        try await fixture.ingest(Self.notes(150))
        let collection = try fixture.source.database().collection()
        for mode in QueryMode.allCases {
            // Pages of a hybrid list agree up to rank 100.
            let reach = mode == .hybrid ? 100 : 150
            var query = Query("apples tide 3", limit: reach, mode: mode)
            query.fusionDepth = 100
            let expected = try await collection.query(query).hits.map(\.id)
            let fewer = try await collection.query("apples tide 3", limit: 50, mode: mode)
            #expect(fewer.hits.map(\.id) == Array(expected.prefix(50)))
            var found: [String] = []
            var after: JSONValue = 0
            while after != .null {
                let page = try await fixture.call(
                    "search",
                    [
                        "query": "apples tide 3", "k": 9, "mode": .string(mode.rawValue),
                        "after_rank": after,
                    ])
                let ranks = (page["hits"]?.arrayValue ?? []).compactMap { $0["rank"]?.integerValue }
                #expect(ranks == Array(found.count + 1..<found.count + 1 + ranks.count))
                found += page.ids("hits")
                after = page["next_rank"] ?? .null
                #expect(after == .null || after == .integer(Int64(found.count)))
            }
            #expect(Array(found.prefix(99)) == Array(expected.prefix(99)), "\(mode)")
            #expect(mode == .hybrid || found == expected, "\(mode)")
        }
        let all = try await fixture.call(
            "search", ["query": "apples", "mode": "lexical", "k": 50, "where": "number >= 140"])
        #expect(all.ids("hits").count == 10 && all["next_rank"] == .null)
        let none = try await fixture.call("search", ["query": "apples", "where": "number > 999"])
        #expect(none == ["hits": [], "next_rank": .null])
    }

    /// An answer stays below 25,000 tokens even if every passage, title and value is long: three bytes
    /// are at least a token of these texts.
    @Test(arguments: TestStore.available, ["word ", "日本語", "🙂", "\u{1}\""])
    func answersAreBounded(_ store: TestStore, unit: String) async throws {
        let fixture = try Fixture(store)
        let long = String(repeating: unit, count: 2_000)
        let metadata = JSONObject(
            (0..<50).map { ("field \($0)", .string(String(long.prefix(500)))) })
        try await fixture.ingest(
            (0..<60).map { number in
                Document(id: "d\(number)", text: "apple \(long)", title: long, metadata: metadata)
            })
        var seen: [String] = []
        var after: JSONValue = 0
        while after != .null {
            let page = try await fixture.call(
                "search", ["query": "apple", "mode": "lexical", "k": 50, "after_rank": after])
            #expect(page.jsonText.utf8.count < 75_000)
            for hit in page["hits"]?.arrayValue ?? [] {
                #expect(hit["truncated"] == true)
                #expect(hit["text"]?.stringValue?.unicodeScalars.count == 1500)
                #expect(hit["metadata"]?.jsonText.utf8.count ?? 0 <= 4001)
            }
            seen += page.ids("hits")
            after = page["next_rank"] ?? .null
        }
        #expect(Set(seen).count == 60 && seen.count == 60)
        let got = try await fixture.call(
            "get", ["ids": .array(seen.prefix(20).map { .string($0) })])
        #expect(got.jsonText.utf8.count < 75_000)
        let texts = (got["documents"]?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }
        let length = texts.map(\.unicodeScalars.count).reduce(0, +)
        // All that an answer may have, or less if these characters take more bytes.
        #expect(unit == "word " ? length == 20_000 : (5_000...20_000).contains(length))
        #expect(
            got["documents"]?.arrayValue?.allSatisfy { $0["metadata_truncated"] == true } == true)
    }

    /// Conditions beyond comparisons, whose hits are those of the metadata that match by hand.
    @Test(
        arguments: TestStore.available,
        [
            ("day >= DATE '2026-02'", ["b", "c", "d"]), ("day = DATE '2026-02'", ["b", "c"]),
            ("day < DATE '2026-02-20T12:00:00Z'", ["a", "b"]),
            ("day BETWEEN DATE '2026-01-31' AND DATE '2026-02-03'", ["a", "b"]),
            ("tag CONTAINS 'SEA'", ["a", "c"]), ("tag NOT CONTAINS 'sea'", ["b"]),
            ("title CONTAINS 'log' AND day != DATE '2026'", ["d"]), ("day CONTAINS '-02-2'", ["c"]),
        ])
    func datesAndContainedTexts(
        _ store: TestStore, _ condition: (filter: String, expected: [String])
    ) async throws {
        let (filter, expected) = condition
        let fixture = try Fixture(store)
        try await fixture.ingest([
            Document(
                id: "a", text: "tide", title: "Log", metadata: ["day": "2026-01-31", "tag": "Sea"]),
            Document(
                id: "b", text: "tide", title: "Log",
                metadata: ["day": "2026-02-03", "tag": ["sky", "land"]]),
            Document(
                id: "c", text: "tide",
                metadata: ["day": "2026-02-20T23:30:00Z", "tag": ["undersea"]]
            ),
            Document(id: "d", text: "tide", title: "Catalog", metadata: ["day": "2027-02-05"]),
            Document(id: "e", text: "tide", metadata: ["day": "some day"]),
        ])
        for mode in QueryMode.allCases {
            let found = try await fixture.call(
                "search",
                ["query": "tide", "where": .string(filter), "mode": .string(mode.rawValue)])
            #expect(found.ids("hits").sorted() == expected, "\(mode)")
        }
    }

    /// Several documents read by following each one's next_offset give the texts that were stored.
    @Test(arguments: TestStore.available)
    func partsAreTheWholeText(_ store: TestStore) async throws {
        var random = RandomSource.forTest()
        let fixture = try Fixture(store)
        let alphabet = ["a", "\n", "é", "e\u{301}", "日", "🙂", "👩‍👩‍👧", "\r\n", "\"", "\\"]
        let texts = [0, 1, 19_999, 20_000, 20_001, 47_000].map { length in
            (0..<length).map { _ in random.pick(alphabet) }.joined()
        }
        try await fixture.ingest(
            texts.enumerated().map { Document(id: "d\($0)", text: $1, title: "t") })
        var open: [(id: String, offset: Int)] = texts.indices.map { ("d\($0)", 0) }
        var found: [String: String] = [:]
        while let first = open.first {
            let ids = open.filter { $0.offset == first.offset }.map(\.id)
            let answer = try await fixture.call(
                "get",
                ["ids": .array(ids.map { .string($0) }), "offset": .integer(Int64(first.offset))])
            open.removeAll { $0.offset == first.offset }
            var total = 0
            for document in answer["documents"]?.arrayValue ?? [] {
                let id = try #require(document["id"]?.stringValue)
                let part = try #require(document["text"]?.stringValue)
                total += part.unicodeScalars.count
                found[id, default: ""] += part
                if let next = document["next_offset"]?.integerValue { open.append((id, next)) }
            }
            #expect(total <= 20_000)
        }
        for (index, text) in texts.enumerated() {
            #expect(found["d\(index)"]?.utf8.elementsEqual(text.utf8) == true, "document \(index)")
        }
        let beyond = try await fixture.call("get", ["ids": ["d5"], "offset": 9_999_999])
        #expect(beyond["documents"]?.arrayValue?.first?["text"] == "")
        #expect(beyond["documents"]?.arrayValue?.first?["next_offset"] == .null)
    }

    @Test(arguments: TestStore.available)
    func idsInTheirOrder(_ store: TestStore) async throws {
        let fixture = try Fixture(store)
        try await fixture.ingest([
            Document(id: "é", text: "one code point"), Document(id: "e\u{301}", text: "two"),
        ])
        let got = try await fixture.call("get", ["ids": ["e\u{301}", "none", "é", "é", "none"]])
        #expect(
            got["documents"]?.arrayValue?.compactMap { $0["text"] } == ["two", "one code point"])
        #expect(got["missing"] == ["none"])
    }
}
