import DocumentStore
import FileFormat
import TestOracles
import TestSupport
import VectorDatabase

/// `--where`: reading it, which is quick, and asking SQLite, which is not.
enum FilterTarget {
    static let metadata: [JSONObject] = [
        [:], ["a": 1, "b": "x", "tag": ["a", "b"]], ["a": 2.5, "b": "X%", "tag": []],
        ["a": .null, "b": ["x": 1], "tag": "a"], ["a": true, "year": 2020, "lang": "en"],
        ["a": "1", "year": "2020", "draft": false, "lang": "de"],
        ["a": [1, "x", .null, [2], ["y": 3]], "größe": -1, "draft": true],
        ["a": .integer(.max), "b": "it's", "author": ["name": "x"], "year": 1e300],
        ["a": .integer(.min), "b": "é_\\\"\n", "author": ["name": ["x", 2]], "": 3],
        ["a": 9007199254740993, "b": "", "a b": 1, "author.name": "y", "\"": "q"],
    ]

    private struct Fixture: Sendable {
        let store: DocumentStore
        let collection: CollectionRecord
        let folder: TemporaryFolder

        init() throws {
            folder = TemporaryFolder()
            store = try DocumentStore(path: folder.file("a.vdb"), mode: .create)
            let record = try store.createCollection(
                named: "default", dimensions: 0,
                model: CollectionRecord.ModelRecord(name: "none", fingerprint: "none"))
            let writes = metadata.enumerated().map { number, metadata in
                DocumentWrite(
                    id: "\(number)", title: "",
                    metadata: JSONValue.object(metadata).jsonText,
                    contentHash: ContentHash(high: 0, low: UInt64(number)),
                    passages: [PassageWrite(text: "x", vector: [])])
            }
            _ = try store.write(writes, to: record, onConflict: .replace)
            for field in ["a", "tag"] { try store.indexField(field, in: record) }
            collection = record
        }
    }

    private static let fixture = Result { try Fixture() }

    /// An expression is refused at a column of its own, or means the same in parentheses, and its
    /// negation the contrary, if it is known.
    static func parse(_ input: [UInt8]) throws {
        guard let expression = String(validating: input, as: UTF8.self) else { return }
        let filter: Filter
        do throws(FilterError) { filter = try Filter(expression) } catch {
            try FuzzFailure.require(
                error.column >= 1 && error.column <= expression.count + 1
                    && !error.expected.isEmpty && !error.description.isEmpty,
                "column \(error.column) of an expression of \(expression.count) characters")
            return
        }
        // One level more may be one too many.
        if let wrapped = try? Filter("(\(expression))") {
            try FuzzFailure.require(
                wrapped.predicate == filter.predicate, "\(expression): parentheses change it")
        }
        guard let negated = try? Filter("NOT (\(expression))") else { return }
        for metadata in metadata {
            try FuzzFailure.require(
                PredicateOracle.truth(of: negated.predicate, for: metadata)
                    == PredicateOracle.truth(of: filter.predicate, for: metadata).map { !$0 },
                "\(expression): its negation is not the contrary for \(metadata)")
        }
    }

    /// SQLite finds what the expression means by definition.
    static func compareWithSQL(_ input: [UInt8]) throws {
        guard let expression = String(validating: input, as: UTF8.self),
            let filter = try? Filter(expression)
        else { return }
        let fixture = try fixture.get()
        let found: Int
        do throws(StoreError) {
            found = try fixture.store.count(where: filter.predicate, in: fixture.collection)
        } catch {
            // A refusal, and no fault of SQLite's.
            if case .predicateTooLarge = error { return }
            throw error
        }
        let expected = metadata.enumerated().count { number, metadata in
            PredicateOracle.holds(filter.predicate, for: metadata, id: "\(number)")
        }
        try FuzzFailure.require(
            found == expected, "\(expression): \(found) by SQL, \(expected) by definition")
    }
}
