import FileFormat
import Storage
import Testing

@testable import PostgresStore

/// One call, or a few, that write to a store: what a lost connection may meet.
struct WritingOperation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What is there before, besides the collection's documents.
    var prepare: @Sendable (PostgresStore, CollectionRecord) throws -> Void = { _, _ in }
    /// - Returns: what the calls have answered.
    let run: @Sendable (PostgresStore, CollectionRecord) throws -> String
    var secondCall = SecondCall.same
    /// Whether one transaction does it, in a collection of one place.
    var isOneTransaction = true

    /// Whether it makes, drops or renames tables or indexes.
    var changesTables = false

    /// What finishes calls that have failed.
    enum SecondCall: Sendable {
        case same
        /// Those would refuse to do again what is done.
        case other(@Sendable (PostgresStore, CollectionRecord) throws -> Void)
        /// Nothing: the caller has to look at what is there first.
        case none
    }

    static let all: [WritingOperation] =
        batches + documents + work + words
        + (collections + indexes).map {
            var operation = $0
            operation.changesTables = true
            return operation
        }

    /// The documents that are there before.
    static let stored: [DocumentWrite] = [
        .sample("a", "apples keep", "in the cellar", title: "A", metadata: #"{"n":1}"#),
        .sample("b", "bread rises", source: "f"), .sample("c", "cider", metadata: #"{"n":2}"#),
        .sample("d", "dates", "dried", "in the sun"),
    ]

    private static let batches = [
        write("new documents", .replace, [.sample("x", "xylem"), .sample("y", "yarn", "wool")]),
        write("new documents only", .error, [.sample("x", "xylem"), .sample("y", "yarn")]),
        write(
            "documents that may be there", .skip, [.sample("a", "other"), .sample("x", "xylem")]),
        write(
            "changed, unchanged and new documents", .replace,
            [.sample("a", "apples rot"), stored[1], .sample("x", "xylem"), .sample("d", "dates")]),
        WritingOperation(
            testDescription: "a piece of a long document",
            run: { store, collection in
                var piece = stored[3]
                piece.kept = .all
                piece.passages = DocumentWrite.sample("d", "and sold").passages
                piece.passages[0].ordinal = 3
                return try describe(store.write([piece], to: collection, onConflict: .replace))
            },
            secondCall: .none),
        WritingOperation(
            testDescription: "a document that keeps passages",
            run: { store, collection in
                var document = DocumentWrite.sample("d", "dates", "grown")
                let key = try #require(try store.document(id: "d", in: collection)?.key)
                let first = try store.passages(ofDocument: key, in: collection)[0].key
                document.kept = .only([first])
                document.passages.removeFirst()
                document.passages[0].ordinal = 1
                return try describe(store.write([document], to: collection, onConflict: .replace))
            },
            secondCall: .none),
        WritingOperation(
            testDescription: "a document in the place of another",
            run: { store, collection in
                var document = DocumentWrite.sample("e", "eggs")
                document.replacedKey = try store.document(id: "a", in: collection)?.key
                return try describe(store.write([document], to: collection, onConflict: .replace))
            }),
    ]

    private static let documents = [
        WritingOperation(
            testDescription: "delete by id",
            run: { store, collection in
                "\(try store.delete(ids: ["a", "b", "d", "none"], from: collection).deleted)"
            }),
        WritingOperation(
            testDescription: "delete by filter",
            run: { store, collection in
                "\(try store.delete(where: .comparison(field: "n", .less, .integer(9)), from: collection).deleted)"
            }),
        WritingOperation(
            testDescription: "delete by key",
            run: { store, collection in
                let keys = try store.documents(after: nil, limit: 3, in: collection).map(\.key)
                return "\(try store.delete(documentKeys: keys, from: collection).deleted)"
            },
            secondCall: .other { store, collection in
                _ = try store.delete(ids: ["a", "b", "c"], from: collection)
            }),
        WritingOperation(
            testDescription: "metadata",
            run: { store, collection in
                let changes = ["a", "d", "none"].map {
                    MetadataWrite(id: $0, metadata: #"{"m":3}"#, contentHash: stored[0].contentHash)
                }
                return "\(try store.setMetadata(changes, in: collection))"
            }),
        WritingOperation(
            testDescription: "sources",
            run: { store, collection in
                try store.move(
                    [.sample("a", source: "g"), .sample("d", source: "g")], in: collection)
                return ""
            }),
    ]

    private static func write(
        _ name: String, _ policy: ConflictPolicy, _ batch: [DocumentWrite]
    ) -> WritingOperation {
        WritingOperation(
            testDescription: name,
            run: { store, collection in
                try describe(store.write(batch, to: collection, onConflict: policy))
            },
            secondCall: policy == .error
                ? .other { store, collection in
                    _ = try store.write(batch, to: collection, onConflict: .replace)
                } : .same)
    }

    static func describe(_ outcome: BatchOutcome) -> String { "\(outcome.documents)" }
}
