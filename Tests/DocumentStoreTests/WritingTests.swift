import DocumentStore
import FileFormat
import Foundation
import TestSupport
import Testing

@Suite struct WritingTests {
    @Test func aDocumentGoesInAndComesOut() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let metadata = #"{"lang":"en"}"#
        let outcome = try store.write(
            [
                .sample(
                    "a", title: "Cats", texts: ["Cats purr. ", "They sleep."], metadata: metadata),
                .sample("b", text: "", vector: [0, 0.5, -1], source: "news.jsonl"),
            ], to: collection)
        #expect(outcome.documents == [.inserted, .inserted])
        let passages = try store.passages(forKeys: [3, 1, 2, 99], in: collection)
        #expect(passages.map(\.documentID) == ["b", "a", "a"])
        #expect(passages.map(\.text) == ["", "Cats purr. ", "They sleep."])
        #expect(passages.map(\.ordinal) == [0, 0, 1])
        #expect(passages[1].metadata == metadata)
        #expect(passages[1].title == "Cats")
        let vectors = try store.vectors(limit: 10, in: collection)
        #expect(vectors.keys == [1, 2, 3])
        #expect(vectors.values == [1, 0, 0, 1, 0, 0, 0, 0.5, -1])
        let document = try #require(try store.document(id: "a", in: collection))
        #expect(
            try store.text(ofDocument: document.key, in: collection) == "Cats purr. They sleep.")
        #expect(try store.document(id: "b", in: collection)?.source == "news.jsonl")
        let owners = try store.owners(ofPassages: [3, 1, 99, 2, 1])
        #expect(owners.mapValues(\.documentID) == [1: "a", 2: "a", 3: "b"])
        #expect(try store.owners(ofPassages: []).isEmpty)
        #expect(try store.current(collection).documentCount == 2)
        #expect(try store.current(collection).passageCount == 3)
        #expect(try store.check().isEmpty)
        try store.close()
        #expect(try scratch.names() == ["corpus.vdb"])
    }

    @Test func passagesAreKeptInPlace() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write(
            [.sample("a", texts: ["one ", "two ", "three"]), .sample("b")], to: collection)
        let before = try #require(try store.document(id: "a", in: collection))
        let end = try store.position(of: collection)
        var changed = DocumentWrite.sample("a", metadata: #"{"lang":"de"}"#, source: "new.txt")
        changed.kept = .only([1, 99])
        changed.passages = [
            PassageWrite(text: "zwei ", ordinal: 1, start: 4, vector: [0, 1, 0]),
            PassageWrite(text: "drei", ordinal: 2, start: 9, vector: [0, 0, 1]),
        ]
        // Whatever the policy: the caller has decided.
        #expect(
            try store.write([changed], to: collection, onConflict: .error).documents == [.replaced])
        let after = try #require(try store.document(id: "a", in: collection))
        #expect(after.key == before.key && after.contentHash == changed.contentHash)
        #expect(after.metadata == changed.metadata && after.source == "new.txt")
        #expect(try store.text(ofDocument: after.key, in: collection) == "one zwei drei")
        #expect(try store.passages(ofDocument: after.key, in: collection).map(\.key) == [1, 5, 6])
        #expect(try store.vectors(limit: 9, in: collection).keys == [1, 4, 5, 6])
        #expect(try store.current(collection).passageCount == 4)
        // The index learns of what has changed only.
        let changes = try store.changes(after: end, in: collection)
        #expect(changes.map(\.kind) == [.inserted, .deleted])
        #expect(changes.map(\.passages) == [5...6, 2...3])
        // Nothing but the row, and more passages.
        var more = changed
        more.kept = .all
        more.passages = [PassageWrite(text: "!", ordinal: 3, start: 13, vector: [1, 0, 0])]
        _ = try store.write([more], to: collection)
        #expect(try store.text(ofDocument: after.key, in: collection) == "one zwei drei!")
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func aDocumentTakesThePlaceOfAnother() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        _ = try store.write([.sample("old"), .sample("x")], to: collection)
        var moved = DocumentWrite.sample("new")
        moved.replacedKey = 1
        #expect(try store.write([moved], to: collection).documents == [.moved])
        #expect(try store.documents(limit: 9, in: collection).map(\.id) == ["new", "x"])
        #expect(try store.current(collection).documentCount == 2)
        var again = DocumentWrite.sample("newer")
        again.replacedKey = 1
        #expect(try store.write([again], to: collection).documents == [.inserted])
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func conflictsFollowThePolicy() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let first = DocumentWrite.sample("a", text: "first")
        let second = DocumentWrite.sample("a", text: "second")
        #expect(try store.write([first], to: collection).documents == [.inserted])
        #expect(try store.write([first], to: collection).documents == [.unchanged])
        #expect(
            try store.write([second], to: collection, onConflict: .skip).documents == [.skipped])
        #expect(throws: StoreError.duplicateID(id: "a", collection: "default")) {
            try store.write([.sample("new"), second], to: collection, onConflict: .error)
        }
        #expect(try store.document(id: "new", in: collection) == nil)
        #expect(try store.write([second], to: collection).documents == [.replaced])
        // The replaced document's passage has a new key; the old one is never reused.
        #expect(try store.passages(forKeys: [1], in: collection).isEmpty)
        let replaced = try #require(try store.document(id: "a", in: collection))
        #expect(
            try store.passages(ofDocument: replaced.key, in: collection).map(\.text) == ["second"])
        #expect(try store.vectors(limit: 9, in: collection).keys.allSatisfy { $0 > 1 })
        let twice = try store.write([first, second, second], to: collection)
        #expect(twice.documents == [.replaced, .replaced, .unchanged])
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func signaturesTellWhatIsStored() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let document = DocumentWrite.sample("a")
        _ = try store.write([document], to: collection)
        #expect(
            try store.signatures(ofIDs: ["a", "b"], in: collection)
                == ["a": .init(contentHash: document.contentHash, source: document.source)])
        try store.close()
    }

    @Test func whatCannotBeStoredIsRefusedWhole() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let good = DocumentWrite.sample("good")
        let cases: [(DocumentWrite, StoreError)] = [
            (
                .sample("v", vector: [1, 2]),
                .vectorLength(document: "v", passage: 0, expected: 3, found: 2)
            ),
            (.sample("n", vector: [1, .nan, 0]), .vectorNotFinite(document: "n", passage: 0)),
            (
                .sample("i", vector: [1, 0, -.infinity]),
                .vectorNotFinite(document: "i", passage: 0)
            ),
            (.sample(""), .invalidName(document: "")),
            (.sample("a\0b"), .invalidName(document: "a\0b")),
            (.sample("m", metadata: "[1]"), .invalidMetadata(document: "m")),
            (.sample("m", metadata: "{"), .invalidMetadata(document: "m")),
            (.sample("m", metadata: ""), .invalidMetadata(document: "m")),
            (.sample("m", metadata: "{}\0"), .invalidMetadata(document: "m")),
            (.sample("m", metadata: #"{"a":NaN}"#), .invalidMetadata(document: "m")),
            // The same key twice: once escaped, once written out.
            (.sample("m", metadata: #"{"\u0061":1,"a":2}"#), .invalidMetadata(document: "m")),
            (.sample("m", metadata: #"{"a":"\ud800"}"#), .invalidMetadata(document: "m")),
        ]
        for (bad, expected) in cases {
            let error = #expect(throws: StoreError.self) {
                try store.write([good, bad], to: collection)
            }
            #expect(error == expected)
            #expect(error?.description.isEmpty == false)
        }
        #expect(try store.current(collection).documentCount == 0)
        #expect(try store.position(of: collection) == 0)
        try store.close()
    }

    @Test func anyTextComesBack() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        let texts = [
            "nul\0inside", String(repeating: "long ", count: 30_000), "e\u{301}\u{1f600}",
            "\"quoted\" \\ *", String(repeating: "x", count: 63), "\n\r\t",
            (0..<200).map { String(UnicodeScalar(0x4e00 + $0 * 7)!) }.joined(),
        ]
        for (index, text) in texts.enumerated() {
            _ = try store.write(
                [.sample("\(index)", title: "t\u{1f4a9}", text: text)], to: collection)
        }
        #expect(
            try store.passages(forKeys: (1...7).map { Int64($0) }, in: collection).map(\.text)
                == texts)
        #expect(
            try store.delete(ids: texts.indices.map(String.init), from: collection).deleted
                == texts.count)
        #expect(try store.passages(limit: 9, in: collection).isEmpty)
        #expect(try store.check().isEmpty)
        try store.close()
    }

    @Test func halfPrecisionRoundsToNearest() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch, elementType: .float16)
        let vectors: [[Float]] = [
            [0.1, -0.333_333, 1], [65504, -65504, 0], [6e-8, -1e-5, 6.1e-5], [2e-9, -0.0, 0.5],
        ]
        for (index, vector) in vectors.enumerated() {
            _ = try store.write([.sample("\(index)", vector: vector)], to: collection)
        }
        let stored = try store.vectors(limit: 9, in: collection).values
        #expect(stored == vectors.flatMap { $0 }.map { Float(Float16($0)) })
        #expect(throws: StoreError.vectorNotFinite(document: "x", passage: 0)) {
            try store.write([.sample("x", vector: [70000, 0, 0])], to: collection)
        }
        try store.close()
    }

    @Test func overlappingPassagesGiveTheTextOnce() throws {
        let scratch = TemporaryFolder()
        let (store, collection) = try DocumentStore.make(scratch)
        var document = DocumentWrite.sample("a")
        document.passages = [
            PassageWrite(text: "one two", start: 2, vector: [1, 0, 0]),
            PassageWrite(text: "two three", start: 6, vector: [1, 0, 0]),
            PassageWrite(text: "wo", start: 7, vector: [1, 0, 0]),
            PassageWrite(text: "five", start: 20, vector: [1, 0, 0]),
        ]
        _ = try store.write([document], to: collection)
        #expect(try store.text(ofDocument: 1, in: collection) == "one two three\nfive")
        try store.close()
    }
}
