@testable import DocumentStore
import Foundation
import TestOracles
import TestSupport
import Testing

/// The documented meaning of predicates, computed plainly.
private enum JSONValue {
    case null, boolean(Bool), integer(Int64), real(Double), text(String)
    case array([JSONValue]), object

    var json: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): JSONValue.quoted(value)
        case .array(let values): "[\(values.map(\.json).joined(separator: ","))]"
        case .object: #"{"inner":"a"}"#
        }
    }

    static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20 || scalar == "é":
                "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: String(Character(scalar))
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// The field's values; `nil` if it is null.
    var values: [MetadataPredicate.Value]? {
        switch self {
        case .null: nil
        case .boolean(let value): [.boolean(value)]
        case .integer(let value): [.integer(value)]
        case .real(let value): [.real(value)]
        case .text(let value): [.text(value)]
        case .array(let elements):
            elements.flatMap { element -> [MetadataPredicate.Value] in
                switch element {
                case .null, .array, .object: []
                default: element.values ?? []
                }
            }
        case .object: []
        }
    }
}

extension MetadataPredicate.Value {
    fileprivate var number: Double? {
        switch self {
        case .text: nil
        case .integer(let value): Double(value)
        case .real(let value): value
        case .boolean(let value): value ? 1 : 0
        }
    }

    fileprivate func holds(_ operation: MetadataPredicate.Operator, _ other: Self) -> Bool {
        func compare<T: Comparable>(_ left: T, _ right: T) -> Bool {
            switch operation {
            case .equal: left == right
            case .notEqual: left != right
            case .less: left < right
            case .lessOrEqual: left <= right
            case .greater: left > right
            case .greaterOrEqual: left >= right
            }
        }
        if case .text(let left) = self, case .text(let right) = other {
            let (left, right) = (Array(left.utf8), Array(right.utf8))
            return compare(left.lexicographicallyPrecedes(right) ? -1 : left == right ? 0 : 1, 0)
        }
        guard let left = number, let right = other.number else { return false }
        return compare(left, right)
    }

    fileprivate func matches(like pattern: String) -> Bool {
        guard case .text(let text) = self else { return false }
        func matches(_ text: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
            guard let head = pattern.first else { return text.isEmpty }
            if head == "%" {
                return matches(text, pattern.dropFirst())
                    || (!text.isEmpty && matches(text.dropFirst(), pattern))
            }
            guard let first = text.first else { return false }
            // Case-insensitive for ASCII letters only.
            let isSame =
                head == "_" || head == first
                || (head.isASCII && first.isASCII && head.lowercased() == first.lowercased())
            return isSame && matches(text.dropFirst(), pattern.dropFirst())
        }
        return matches(Array(text)[...], Array(pattern)[...])
    }
}

extension MetadataPredicate.Value {
    fileprivate func satisfies(_ test: MetadataPredicate.TextTest) -> Bool {
        guard case .text(let text) = self else { return false }
        return switch test {
        case .contains(let part):
            part.isEmpty || text.lowercased().contains(part.lowercased())
        case .likeInAnyCase(let pattern, nil):
            Self.text(text.lowercased()).matches(like: pattern.lowercased())
        case .likeInAnyCase, .like: false
        }
    }

    /// Texts of the tests are years, or no dates.
    fileprivate func holds(
        _ operation: MetadataPredicate.Operator, _ range: DateText.Range
    ) -> Bool {
        guard case .text(let text) = self, let start = DateText.range(of: text)?.start else {
            return operation == .notEqual
        }
        return switch operation {
        case .equal: start >= range.start && start < range.end
        case .notEqual: start < range.start || start >= range.end
        case .less: start < range.start
        case .lessOrEqual: start < range.end
        case .greater: start >= range.end
        case .greaterOrEqual: start >= range.start
        }
    }
}

extension MetadataPredicate {
    fileprivate func holds(for metadata: [String: JSONValue]) -> Bool {
        truth(for: metadata) == true
    }

    /// By Kleene's logic; `nil` is unknown.
    private func truth(for metadata: [String: JSONValue]) -> Bool? {
        func values(_ field: String) -> [Value] { metadata[field]?.values ?? [] }
        switch self {
        case .and(let parts):
            let truths = parts.map { $0.truth(for: metadata) }
            return truths.contains(false) ? false : truths.contains(nil) ? nil : true
        case .or(let parts):
            let truths = parts.map { $0.truth(for: metadata) }
            return truths.contains(true) ? true : truths.contains(nil) ? nil : false
        case .not(let part): return part.truth(for: metadata).map { !$0 }
        case .comparison(let field, _, _), .isIn(let field, _), .like(let field, _),
            .text(let field, _), .date(let field, _, _):
            return values(field).isEmpty ? nil : isSatisfied(by: metadata)
        default: return isSatisfied(by: metadata)
        }
    }

    /// A single comparison.
    private func isSatisfied(by metadata: [String: JSONValue]) -> Bool {
        func values(_ field: String) -> [Value] { metadata[field]?.values ?? [] }
        switch self {
        case .date(let field, .notEqual, let range):
            let found = values(field)
            return !found.isEmpty && !found.contains { $0.holds(.equal, range) }
        case .comparison(let field, .notEqual, let value):
            let found = values(field)
            return !found.isEmpty && !found.contains { $0.holds(.equal, value) }
        case .comparison(let field, let operation, let value):
            return values(field).contains { $0.holds(operation, value) }
        case .isIn(let field, let list):
            return values(field).contains { value in list.contains { value.holds(.equal, $0) } }
        case .like(let field, let pattern):
            return values(field).contains { $0.matches(like: pattern) }
        case .text(let field, let test):
            return values(field).contains { $0.satisfies(test) }
        case .date(let field, let operation, let range):
            return values(field).contains { $0.holds(operation, range) }
        case .isNull(let field):
            return metadata[field].map { $0.values == nil } ?? true
        case .isNotNull(let field):
            return metadata[field].map { $0.values != nil } ?? false
        case .isTrue(let field):
            return values(field).contains { ($0.number ?? 0) != 0 }
        case .and, .or, .not: return false
        }
    }
}

@Suite struct PredicateTests {
    private static func json(_ generator: inout RandomSource, depth: Int = 0) -> JSONValue {
        let kinds = depth == 0 ? 9 : 7
        switch Int.random(in: 0..<kinds, using: &generator) {
        case 0: return .null
        case 1: return .object
        case 7, 8:
            let count = Int.random(in: 0...3, using: &generator)
            return .array((0..<count).map { _ in json(&generator, depth: depth + 1) })
        default:
            switch PredicateSamples.value(&generator) {
            case .boolean(let value): return .boolean(value)
            case .integer(let value): return .integer(value)
            case .real(let value): return .real(value)
            case .text(let value): return .text(value)
            }
        }
    }

    /// SQL excludes rows with NULL from all of them.
    @Test func allNegationsAgreeOnMissingFields() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let metadata = [
            #"{"n":1,"t":"a"}"#, #"{"n":2,"t":"b"}"#, #"{"n":null,"t":null}"#, "{}", nil,
            #"{"n":[],"t":[]}"#, #"{"n":{},"t":{}}"#, #"{"n":[1,3],"t":["a","c"]}"#,
        ]
        _ = try store.write(
            metadata.enumerated().map { .sample("\($0)", metadata: $1) }, to: collection)
        let equal = MetadataPredicate.comparison(field: "n", .equal, .integer(1))
        let negations: [MetadataPredicate] = [
            .comparison(field: "n", .notEqual, .integer(1)), .not(equal),
            .not(.isIn(field: "n", [.integer(1)])), .not(.like(field: "t", pattern: "a")),
            .not(
                .and([
                    .comparison(field: "n", .greaterOrEqual, .integer(1)),
                    .comparison(field: "n", .lessOrEqual, .integer(1)),
                ])), .not(.or([equal, .comparison(field: "t", .equal, .text("a"))])),
            .not(.not(.not(equal))),
        ]
        for isIndexed in [false, true] {
            for predicate in negations {
                #expect(
                    try store.passageKeys(where: predicate, in: collection) == [2], "\(predicate)")
            }
            // Whether it is true is always known.
            #expect(
                try store.passageKeys(where: .not(.isTrue(field: "n")), in: collection)
                    == [3, 4, 5, 6, 7])
            // Unknown OR true is true; unknown AND false is false, so that its NOT is true.
            let known = MetadataPredicate.isNull(field: "n")
            #expect(
                try store.passageKeys(where: .or([.not(equal), known]), in: collection)
                    == [2, 3, 4, 5])
            #expect(
                try store.passageKeys(
                    where: .not(.and([equal, .isNotNull(field: "n")])), in: collection)
                    == [2, 3, 4, 5])
            if !isIndexed {
                for field in ["n", "t"] { try store.indexField(field, in: collection) }
            }
        }
        try store.close()
    }

    /// SQLite parses a document's metadata for every function call, so many comparisons of one
    /// field must not each make one. Measured in steps of SQLite's virtual machine, not in time.
    @Test func manyBranchesCostLittleMoreThanOne() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<50).map { .sample("\($0)", metadata: #"{"n":\#($0),"m":\#($0 % 7)}"#) },
            to: collection)
        func branches(_ count: Int, _ operation: MetadataPredicate.Operator) -> MetadataPredicate {
            .or((0..<count).map { .comparison(field: "n", operation, .integer(Int64(-$0))) })
        }
        for operation in [MetadataPredicate.Operator.equal, .less] {
            let sql = try store.filterSQL(branches(400, operation), in: collection)
            #expect(sql.components(separatedBy: "json_").count < 405, "\(operation)")
            #expect(sql.components(separatedBy: "d.metadata").count - 1 <= 3, "\(operation)")
        }
        #expect(
            try store.passageKeys(where: branches(400, .equal), in: collection) == [1])
        let others = MetadataPredicate.and(
            (0..<49).map { .comparison(field: "n", .notEqual, .integer($0)) })
        #expect(try store.passageKeys(where: others, in: collection) == [50])
        try store.close()
    }

    @Test(arguments: [1, 2, 3])
    func equalsBruteForce(seed: UInt64) throws {
        var generator = RandomSource.forTest(0, part: Int(seed))
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let documents = (0..<120).map { _ in
            Dictionary(
                uniqueKeysWithValues: PredicateSamples.fields.filter { _ in
                    .random(using: &generator)
                }
                .map { ($0, Self.json(&generator)) })
        }
        _ = try store.write(
            documents.enumerated().map { index, metadata in
                let members = metadata.map { "\(JSONValue.quoted($0)):\($1.json)" }
                return .sample(
                    "\(index)",
                    metadata: metadata.isEmpty && index % 2 == 0
                        ? nil : "{\(members.joined(separator: ","))}")
            }, to: collection)
        let predicates = (0..<80).map { _ in PredicateSamples.predicate(&generator) }
        func check(_ comment: String) throws {
            for predicate in predicates {
                let expected = documents.indices.filter { predicate.holds(for: documents[$0]) }
                    .map { Int64($0 + 1) }
                let found = try store.passageKeys(where: predicate, in: collection)
                #expect(found == expected, "\(comment): \(predicate)")
                #expect(try store.count(where: predicate, in: collection) == expected.count)
            }
        }
        try check("not indexed")
        for field in PredicateSamples.fields { try store.indexField(field, in: collection) }
        try store.indexField("a", in: collection)
        #expect(try store.indexedFields(of: collection) == PredicateSamples.fields.sorted())
        try check("indexed")
        // Rewritten documents update their indexed values.
        _ = try store.write(
            [.sample("0", text: "new", metadata: #"{"a":"fresh"}"#)], to: collection)
        let fresh = MetadataPredicate.comparison(field: "a", .equal, .text("fresh"))
        #expect(try store.passageKeys(where: fresh, in: collection) == [121])
        for field in PredicateSamples.fields {
            #expect(try store.dropIndexField(field, in: collection))
        }
        #expect(try !store.dropIndexField("a", in: collection))
        #expect(try store.passageKeys(where: fresh, in: collection) == [121])
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func indexedFieldsAreToldApartByTheirBytes() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            [.sample("a", metadata: "{\"\u{E9}\":1,\"e\u{301}\":2}")], to: collection)
        try store.indexField("\u{E9}", in: collection)
        #expect(try !store.dropIndexField("e\u{301}", in: collection))
        try store.indexField("e\u{301}", in: collection)
        #expect(try store.indexedFields(of: collection).count == 2)
        for (field, number) in [("\u{E9}", Int64(1)), ("e\u{301}", 2)] {
            let predicate = MetadataPredicate.comparison(field: field, .equal, .integer(number))
            #expect(try store.passageKeys(where: predicate, in: collection) == [1])
        }
        try store.close()
    }

    @Test func sizeIsBounded() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("a", metadata: #"{"n":7}"#)], to: collection)
        func keys(_ predicate: MetadataPredicate) throws -> [Int64] {
            try store.passageKeys(where: predicate, in: collection)
        }
        let one = MetadataPredicate.comparison(field: "n", .equal, .integer(7))
        let none = MetadataPredicate.comparison(field: "n", .equal, .integer(8))
        #expect(try keys(.or(Array(repeating: none, count: 3000) + [one])) == [1])
        #expect(try keys(.isIn(field: "n", (0..<10_000).map { .integer(Int64($0)) })) == [1])
        var deep = one
        for _ in 0..<100 { deep = .not(deep) }
        #expect(try keys(deep) == [1])
        for _ in 0..<1000 { deep = .and([.not(deep)]) }
        #expect(throws: StoreError.self) { try keys(deep) }
        #expect(throws: StoreError.self) {
            try keys(.isIn(field: "n", Array(repeating: .boolean(true), count: 50_000)))
        }
        try store.close()
    }

    @Test func filtersDelete() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            (0..<2500).map { .sample("\($0)", metadata: #"{"n":\#($0)}"#) }, to: collection)
        let outcome = try store.delete(
            where: .comparison(field: "n", .greaterOrEqual, .integer(100)), from: collection)
        #expect(outcome.deleted == 2400)
        #expect(try store.position(of: collection) == outcome.position)
        #expect(try store.current(collection).documentCount == 100)
        #expect(try store.check().isEmpty)
        try store.close()
    }
}
