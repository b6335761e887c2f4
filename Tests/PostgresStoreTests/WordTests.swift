import DocumentStore
import LexicalIndex
import Storage
import TestSupport
import TextBytes
import Testing

@testable import PostgresStore

/// Searches by words, compared with LexicalIndex over the same documents in SQLite: every score to the last
/// bit.
@Suite(.needsServer)
struct WordTests {
    private let location: PostgresLocation

    init() throws { location = try TestServer.location() }

    @Test(
        "Documents that come, change and go are found with the same scores, merged or not",
        arguments: [1, 3])
    func sameAsSQLite(places: Int) throws {
        var random = RandomSource.forTest(part: places)
        let scratch = TemporaryFolder()
        let sqlite = try DocumentStore(path: scratch.file("a.vdb"), mode: .create)
        let postgres = try PostgresStore(location, mode: .create, places: places)
        let pair = Pair(
            sqlite: sqlite, postgres: postgres, left: try sqlite.makeCollection(),
            right: try postgres.makeCollection())
        var sample = WordSample(vocabulary: 200)
        for step in 0..<24 {
            if random.chance(0.3) {
                let gone = sample.ids.filter { _ in random.chance(0.15) }
                _ = try sqlite.delete(ids: gone, from: pair.left)
                _ = try postgres.delete(ids: gone, from: pair.right)
            } else {
                let count = random.pick([1, 3, 40, 200])
                let documents = (0..<count).map { _ in sample.document(&random) }
                let keeps = random.chance(0.3)
                try pair.write(documents, keeps: keeps, &random)
            }
            try pair.compare(&sample, &random)
            switch step % 8 {
            case 3: try postgres.mergeWords(of: pair.right)
            case 7: try postgres.rebuildDerived(of: pair.right)
            default: continue
            }
            #expect(try postgres.check().isEmpty)
            try pair.compare(&sample, &random)
        }
        #expect(try postgres.check().isEmpty)
        // Nothing that is gone is left after merging.
        try postgres.mergeWords(of: pair.right)
        let gone = try PostgresConnection(location.uri).run(
            "SELECT count(*) FROM vdb.gone_\(pair.right.id)")
        #expect(try gone[0].integer(0) == 0)
    }

    @Test("Many that write and delete at a time leave the words of what is there")
    func concurrentWriters() async throws {
        let places = 2
        let store = try PostgresStore(
            location, mode: .create, places: places, timeout: .seconds(300))
        let collection = try store.makeCollection()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                let store = try PostgresStore(
                    location, mode: .readWrite, timeout: .seconds(300))
                group.addTask {
                    var random = RandomSource.forTest(part: writer)
                    for round in 0..<25 {
                        let batch = (0..<6).map { _ in
                            let id = "d\(Int.random(in: 0..<30, using: &random))"
                            return DocumentWrite.sample(
                                id, "common w\(round) x\(writer)", "more common", title: "title")
                        }
                        _ = try store.write(batch, to: collection, onConflict: .replace)
                        if round % 4 == 0 {
                            _ = try store.delete(
                                ids: ["d\(writer)", "d\(round)"], from: collection)
                        }
                        if round % 9 == 8 { try store.mergeWords(of: collection) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.check().isEmpty)
        // They were merged beside that: of a word that every passage has, few blocks are left.
        let blocks = try PostgresConnection(location.uri).run(
            "SELECT count(*) FROM vdb.posting_\(collection.id) WHERE term = 'common'")
        #expect(try blocks[0].integer(0) < 50)
        try store.mergeWords(of: collection)
        #expect(try store.check().isEmpty)
        let found = try store.lexical("common", limit: 1000, in: store.current(collection))
        let documents = try store.documents(after: nil, limit: 1000, in: collection)
        #expect(Set(found.documents.map(\.id)) == Set(documents.map(\.id)))
    }

    @Test("A check finds words that are not those of the texts, and making them again repairs")
    func checking() throws {
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        let documents = (0..<40).map {
            DocumentWrite.sample("d\($0)", "alpha beta w\($0)", title: "t")
        }
        _ = try store.write(documents, to: collection, onConflict: .replace)
        _ = try store.delete(ids: ["d3"], from: collection)
        #expect(try store.check().isEmpty)
        let connection = try PostgresConnection(location.uri)
        let table = "vdb.posting_\(collection.id)"
        for damage in [
            "DELETE FROM vdb.gone_\(collection.id)",
            "DELETE FROM \(table) WHERE term = 'w7'",
            "UPDATE \(table) SET term = 'other' WHERE term = 'w8'",
            "UPDATE \(table) SET max_weight = 1 WHERE term = 'alpha'",
            "UPDATE \(table) SET bytes = '\\x0102' WHERE term = 'beta'",
            "UPDATE vdb.tally SET words = words + 1 WHERE slot = 5",
        ] {
            try connection.run(damage)
            let findings = try store.check()
            #expect(findings.count == 1 && findings[0].kind == .words, "\(damage): \(findings)")
            #expect(findings.allSatisfy { $0.isDerived })
            if damage.contains("bytes") {
                #expect(throws: StoreError.self) {
                    try store.lexical("beta", limit: 3, in: collection)
                }
            }
            try store.rebuildDerived(of: collection)
            #expect(try store.check().isEmpty, "\(damage)")
        }
    }

    @Test("A copy has the words, too")
    func copies() throws {
        let store = try PostgresStore(location, mode: .create, places: 2)
        let collection = try store.makeCollection()
        _ = try store.write(
            (0..<20).map { .sample("d\($0)", "alpha beta w\($0)") }, to: collection,
            onConflict: .replace)
        _ = try store.delete(ids: ["d3"], from: collection)
        let copy = try store.copyCollection(collection, to: "copy")
        _ = try store.delete(ids: ["d4"], from: collection)
        #expect(try store.check().isEmpty)
        let found = try store.lexical("alpha w4", limit: 30, in: copy)
        #expect(found.documents.count == 19 && found.documents[0].id == "d4")
    }

    @Test("Words longer than an index allows, and texts without any")
    func unusualWords() throws {
        let store = try PostgresStore(location, mode: .create)
        let collection = try store.makeCollection()
        let long = String(repeating: "x", count: 5000)
        _ = try store.write(
            [
                .sample("long", long), .sample("other", long + "y"), .sample("none", "… !"),
                .sample("zero", "a\u{0}b"),
            ], to: collection, onConflict: .replace)
        #expect(try store.lexical(long, limit: 9, in: collection).documents.map(\.id) == ["long"])
        #expect(try store.lexical("b", limit: 9, in: collection).documents.map(\.id) == ["zero"])
        #expect(try store.lexical("…", limit: 9, in: collection).documents.isEmpty)
        #expect(try store.lexical("b", limit: 0, in: collection).documents.isEmpty)
        #expect(try store.check().isEmpty)
        try store.dropCollection(collection)
        #expect(throws: StoreError.collectionMissing(name: "notes")) {
            try store.lexical("b", limit: 1, in: collection)
        }
    }

    @Test("A search reads indexes, in two round trips or, for words in many passages, three")
    func plans() throws {
        var random = RandomSource.forTest()
        let store = try PostgresStore(location, mode: .create, places: 3)
        let collection = try store.makeCollection()
        var sample = WordSample(vocabulary: 2000)
        for _ in 0..<6 {
            _ = try store.write(
                (0..<1500).map { _ in sample.newDocument(&random) }, to: collection,
                onConflict: .replace)
        }
        try store.mergeWords(of: collection)
        let record = try store.current(collection)
        let connection = try PostgresConnection(location.uri)
        // As autovacuum does.
        for table in ["posting", "gone", "passage", "document"] {
            try connection.run("ANALYZE vdb.\(table)_\(collection.id)")
        }
        let plans = try store.plans(of: "w0x w5x w900x w1500x", in: record)
        #expect(plans.count == 4)
        for plan in plans.dropFirst() {
            #expect(plan.contains("Index"), "\(plan)")
            for table in ["posting", "passage", "document"] {
                #expect(!plan.contains("Seq Scan on \(table)"), "\(plan)")
            }
        }
        #expect(try store.lexical("w1900x w1950x", limit: 10, in: record).roundTrips == 2)
        #expect(try store.lexical("w0x w3x", limit: 10, in: record).roundTrips == 3)
    }
}

/// The same collection in both stores.
private struct Pair {
    let sqlite: DocumentStore
    let postgres: PostgresStore
    let left: CollectionRecord
    let right: CollectionRecord

    /// - Parameter keeps: whether passages of stored documents stay where they can.
    func write(
        _ documents: [DocumentWrite], keeps: Bool, _ random: inout RandomSource
    ) throws {
        let dropped = Set((0..<4).filter { _ in random.chance(0.5) })
        for (store, collection) in [(sqlite as any WritingStore, left), (postgres, right)] {
            var batch = documents
            for index in batch.indices where keeps {
                guard let stored = try store.document(id: batch[index].id, in: collection),
                    !batch[..<index].contains(where: { $0.id.hasSameBytes(as: stored.id) })
                else { continue }
                let passages = try store.passages(ofDocument: stored.key, in: collection)
                batch[index].title = stored.title
                batch[index].kept = .only(
                    Set(passages.filter { !dropped.contains($0.ordinal) }.map(\.key)))
                let next = (passages.last?.ordinal ?? 0) + 1
                for passage in batch[index].passages.indices {
                    batch[index].passages[passage].ordinal = next + passage
                }
            }
            _ = try store.write(batch, to: collection, onConflict: .replace)
        }
    }

    func compare(_ sample: inout WordSample, _ random: inout RandomSource) throws {
        let (snapshot, owners) = try index()
        let record = try postgres.current(right)
        let filters: [MetadataPredicate?] = [
            nil, .comparison(field: "n", .less, .integer(3)),
            .comparison(field: "n", .equal, .integer(7)), .isNull(field: "n"),
        ]
        for _ in 0..<4 {
            let text = sample.text(1...7, &random)
            let limit = random.pick([1, 5, 30, 10_000])
            for filter in filters {
                let allowed = try filter.map { try sqlite.passageKeys(where: $0, in: left) }
                let hits = snapshot.search(text, limit: .max / 2, allowed: allowed).hits
                var seen: Set<String> = []
                let expected = hits.compactMap { hit in
                    owners[hit.key].flatMap { seen.insert($0).inserted ? ($0, hit.score) : nil }
                }.sorted { $0.1 > $1.1 || ($0.1 == $1.1 && $0.0.precedesByBytes($1.0)) }
                let found = try postgres.lexical(text, limit: limit, where: filter, in: record)
                #expect(
                    found.documents.map(\.id) == expected.prefix(limit).map(\.0),
                    "\(text), \(limit), \(String(describing: filter))")
                #expect(
                    found.documents.map(\.score.bitPattern)
                        == expected.prefix(limit).map(\.1.bitPattern), "\(text)")
            }
        }
    }

    /// SQLite's passages in LexicalIndex, and the documents that they are of.
    private func index() throws -> (LexicalSnapshot, owners: [Int64: String]) {
        var builder = SegmentBuilder()
        var owners: [Int64: String] = [:]
        var last: Int64 = 0
        while true {
            let page = try sqlite.passages(after: last, limit: 1000, in: left)
            guard let end = page.last else { break }
            last = end.key
            for passage in page {
                builder.append(key: passage.key, title: passage.title, text: passage.text)
                owners[passage.key] = passage.documentID
            }
        }
        return (LexicalSnapshot([LiveSegment(builder.segment())]), owners)
    }
}

/// Documents whose words are as uneven as those of a natural language.
private struct WordSample {
    let vocabulary: Int
    private(set) var ids: [String] = []

    init(vocabulary: Int) { self.vocabulary = vocabulary }

    func word(_ random: inout RandomSource) -> String {
        let share = Double.random(in: 0..<1, using: &random)
        return "w\(Int(share * share * share * Double(vocabulary)))x"
    }

    func text(_ length: ClosedRange<Int>, _ random: inout RandomSource) -> String {
        (0..<Int.random(in: length, using: &random)).map { _ in word(&random) }
            .joined(separator: " ")
    }

    mutating func newDocument(_ random: inout RandomSource) -> DocumentWrite {
        ids.append("document \(ids.count)")
        return document(ids[ids.count - 1], &random)
    }

    /// A new one, or another version of one.
    mutating func document(_ random: inout RandomSource) -> DocumentWrite {
        if ids.isEmpty || random.chance(0.7) { return newDocument(&random) }
        return document(random.pick(ids), &random)
    }

    private func document(_ id: String, _ random: inout RandomSource) -> DocumentWrite {
        .sample(
            id, (0..<Int.random(in: 1...3, using: &random)).map { _ in text(0...40, &random) },
            title: random.chance(0.5) ? text(1...3, &random) : "",
            metadata: random.chance(0.8) ? #"{"n":\#(Int.random(in: 0..<9, using: &random))}"# : nil
        )
    }
}
