import FileFormat
import JSON
import Storage
import TestOracles
import TestSupport
import Testing

@testable import PostgresStore

/// Filters in SQL, compared with what they mean by definition.
@Suite(.needsServer)
struct FilterTests {
    private let store: PostgresStore
    private let collection: CollectionRecord

    init() throws {
        store = try PostgresStore(try TestServer.location(), mode: .create, places: 2)
        collection = try store.createCollection(
            named: "words", metric: .innerProduct, dimensions: 0, elementType: .float32,
            model: .init(name: "", fingerprint: ""), index: .init(), searchSettings: nil)
    }

    private func write(_ metadata: [JSONObject]) throws {
        let batch = metadata.enumerated().map { number, metadata in
            DocumentWrite(
                id: "\(number)", metadata: JSONValue.object(metadata).jsonText,
                contentHash: ContentHash(high: 0, low: UInt64(number)),
                passages: [PassageWrite(text: "", vector: [])])
        }
        _ = try store.write(batch, to: collection, onConflict: .replace)
    }

    /// Whether fields get indexes of their own.
    enum Indexing: Int, CaseIterable { case none, before, after }

    @Test("Random predicates match what they should", arguments: Indexing.allCases)
    func randomPredicates(_ indexing: Indexing) throws {
        var random = RandomSource.forTest(part: indexing.rawValue)
        func index() throws {
            for field in PredicateSamples.fields { try store.indexField(field, in: collection) }
            #expect(
                try store.indexedFields(of: collection) == PredicateSamples.fields.sorted())
        }
        if indexing == .before { try index() }
        let documents = (0..<100).map { _ in
            var object: JSONObject = [:]
            for field in PredicateSamples.fields where random.chance(0.5) {
                object[field] = Self.json(&random)
            }
            return object
        }
        try write(documents)
        if indexing == .after { try index() }
        for _ in 0..<120 {
            let predicate = PredicateSamples.predicate(&random)
            let expected = documents.indices.filter {
                PredicateOracle.holds(predicate, for: documents[$0], id: "\($0)")
            }.map { "\($0)" }
            #expect(
                try store.ids(where: predicate, in: collection) == expected.sorted(),
                "\(predicate)")
            #expect(try store.count(where: predicate, in: collection) == expected.count)
        }
    }

    @Test("A range of an indexed field reads its index, until that is dropped")
    func indexedField() throws {
        let texts = ["é", "a", String(repeating: "b", count: 5000), "\u{10FFFF}\u{10FFFF}"]
        var documents = (0..<3000).map { number -> JSONObject in
            ["n": .integer(Int64(number)), "t'\\\"": .string("\(number)")]
        }
        documents += texts.map { ["t'\\\"": .string($0)] }
        documents += [
            ["n": [1, 2999]], ["n": true], ["n": .number(1e300)], ["n": .null], ["n": ["o": 1]],
            ["n": []], ["n": [[5]]], ["t'\\\"": ["x", "b"]],
        ]
        try write(documents)
        let predicates: [MetadataPredicate] = [
            .comparison(field: "n", .greaterOrEqual, .integer(2990)),
            .and([
                .comparison(field: "n", .less, .real(1.5)),
                .comparison(field: "n", .greater, .integer(-1)),
            ]),
            .comparison(field: "n", .greater, .real(.infinity)),
            .comparison(field: "n", .lessOrEqual, .boolean(true)),
            .comparison(field: "t'\\\"", .greater, .text("999")),
            .comparison(field: "t'\\\"", .less, .text("1000")),
            .comparison(
                field: "t'\\\"", .greater, .text(String(repeating: "b", count: 4999))),
            .not(.comparison(field: "n", .less, .integer(2990))),
        ]
        func verify(_ store: PostgresStore, _ collection: CollectionRecord) throws {
            for predicate in predicates {
                let expected = documents.indices.filter {
                    PredicateOracle.holds(predicate, for: documents[$0], id: "\($0)")
                }.map { "\($0)" }.sorted()
                #expect(try store.ids(where: predicate, in: collection) == expected)
            }
        }
        let index = #/Index Scan (using|on) document_\d+_p\d_field_\w+_(number|text)/#
        func reads(_ predicate: MetadataPredicate, _ record: CollectionRecord) throws -> Int {
            try store.plan(ofCountWhere: predicate, in: record).matches(of: index).count
        }
        #expect(try reads(predicates[0], collection) == 0)
        for field in ["n", "t'\\\""] { try store.indexField(field, in: collection) }
        try store.indexField("n", in: collection)
        #expect(try store.indexedFields(of: collection) == ["n", "t'\\\""])
        // In each of the two places.
        for predicate in predicates.prefix(2) + predicates[4...6] {
            #expect(try reads(predicate, collection) >= 2, "\(predicate)")
        }
        try verify(store, collection)
        let other = try PostgresStore(store.location, mode: .readOnly)
        #expect(throws: StoreError.readOnly(path: store.location.description)) {
            try other.indexField("x", in: collection)
        }
        try verify(other, collection)
        other.close()
        let copy = try store.copyCollection(collection, to: "copy")
        #expect(try store.indexedFields(of: copy) == ["n", "t'\\\""])
        #expect(try reads(predicates[0], copy) >= 2)
        #expect(try store.dropIndexField("n", in: collection))
        #expect(try !store.dropIndexField("n", in: collection))
        #expect(try reads(predicates[0], collection) == 0)
        #expect(try reads(predicates[0], copy) >= 2)
        try verify(store, collection)
        #expect(try store.check().isEmpty)
        try store.dropCollection(copy)
        #expect(
            try PostgresConnection(store.location.uri).run(
                "SELECT 1 FROM vdb.property WHERE name LIKE 'field %'"
            ).count == 1)
    }

    @Test("Fields inside objects, the document's own fields, and what PostgreSQL cannot hold")
    func unusualFields() throws {
        let documents: [JSONObject] = [
            ["o": ["n": 1, "t": ["x", "É"]]], ["o": [["n": 1]]], ["o": 1], [:],
            ["o": ["n": [1, [2]], "0": "a"]], ["o": ["x"]], ["t": "a\\b%c_d"],
        ]
        try write(documents)
        let inner = "o\u{1F}n"
        let predicates: [MetadataPredicate] = [
            .comparison(field: inner, .equal, .integer(1)),
            .comparison(field: inner, .notEqual, .integer(2)), .isNull(field: inner),
            .not(.isIn(field: inner, [.text("1"), .real(1)])),
            .comparison(field: "o\u{1F}0", .equal, .text("a")), .isNotNull(field: "o\u{1F}0"),
            .text(field: "o\u{1F}t", .contains("é")),
            .comparison(field: MetadataPredicate.ofDocument("id"), .greaterOrEqual, .text("3")),
            .isIn(
                field: MetadataPredicate.ofDocument("id"), [.text("3"), .text("5"), .integer(4)]),
            .not(.comparison(field: MetadataPredicate.ofDocument("id"), .equal, .text("3"))),
            .isNull(field: MetadataPredicate.ofDocument("title")),
            .text(field: MetadataPredicate.ofDocument("id"), .contains("4")),
            .text(field: "t", .like(pattern: "A\\B!%_!__", escape: "!")),
            .text(field: "t", .like(pattern: "a!", escape: "!")),
            .text(field: "t", .likeInAnyCase(pattern: "%B!%C%", escape: "!")),
            .like(field: "t", pattern: "a\\b%"), .like(field: "t", pattern: "a%\u{0}"),
            .comparison(field: "t", .less, .text("a\\b%c_d\u{0}")),
            .comparison(field: "t", .greater, .text("a\u{0}")),
            .comparison(field: "t", .equal, .text("\u{0}")), .isNull(field: "\u{0}"),
            .comparison(field: "\u{0}", .equal, .integer(1)),
            .text(field: "\u{0}", .contains("x")),
            .comparison(field: inner, .less, .real(.infinity)),
            .comparison(field: inner, .greater, .real(-.infinity)),
        ]
        for predicate in predicates {
            let expected = documents.indices.filter {
                PredicateOracle.holds(predicate, for: documents[$0], id: "\($0)")
            }.map { "\($0)" }
            #expect(
                try store.ids(where: predicate, in: collection) == expected, "\(predicate)")
        }
    }

    @Test("A predicate of any size that is allowed is answered, and a larger one refused")
    func largePredicates() throws {
        try write([["n": 1], ["n": 2]])
        let parts = (0..<4000).map { number in
            MetadataPredicate.not(
                .comparison(field: "n", .greater, .integer(Int64(number) + 1)))
        }
        #expect(try store.ids(where: .and(parts), in: collection) == ["0"])
        let values = (0..<19_000).map { MetadataPredicate.Value.integer(Int64($0) + 2) }
        #expect(try store.ids(where: .isIn(field: "n", values), in: collection) == ["1"])
        #expect(throws: StoreError.predicateTooLarge(terms: 20_001, limit: 20_000)) {
            try store.count(
                where: .and(Array(repeating: .isNull(field: "n"), count: 20_000)), in: collection)
        }
        let deep = (0..<90).reduce(MetadataPredicate.isTrue(field: "n")) { inner, _ in
            .not(.and([inner, .isNotNull(field: "n")]))
        }
        #expect(try store.ids(where: deep, in: collection) == ["0", "1"])
    }

    private static func json(_ random: inout RandomSource, depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth == 0 ? 9 : 7), using: &random) {
        case 0: return .null
        case 1: return ["inner": "a"]
        case 7, 8:
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    json(&random, depth: depth + 1)
                })
        default:
            return switch PredicateSamples.value(&random) {
            case .boolean(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .real(let value): .number(value)
            case .text(let value): .string(value)
            }
        }
    }
}
