import Storage
import Testing

@testable import PostgresStore

/// Calls that change whole collections, and what is derived from their documents.
extension WritingOperation {
    static let collections = [
        WritingOperation(
            testDescription: "make a collection",
            run: { store, _ in
                "\(try store.makeCollection("made").name)"
            },
            secondCall: .other { store, _ in
                if try store.collection(named: "made") == nil {
                    _ = try store.makeCollection("made")
                }
            }),
        WritingOperation(
            testDescription: "rename a collection",
            run: { store, collection in
                try store.renameCollection(collection, to: "other").name
            },
            secondCall: .other { store, collection in
                if try store.collection(named: "other") == nil {
                    _ = try store.renameCollection(collection, to: "other")
                }
            }),
        WritingOperation(
            testDescription: "copy a collection",
            run: { store, collection in
                "\(try store.copyCollection(collection, to: "copy").documentCount)"
            },
            secondCall: .other { store, collection in
                if try store.collection(named: "copy") == nil {
                    _ = try store.copyCollection(collection, to: "copy")
                }
            }),
        WritingOperation(
            testDescription: "drop a collection",
            run: { store, collection in
                try store.dropCollection(collection)
                return ""
            },
            secondCall: .other { store, collection in
                if let collection = try store.collection(named: collection.name) {
                    try store.dropCollection(collection)
                }
            }),
        WritingOperation(
            testDescription: "settings",
            run: { store, collection in
                _ = try store.updateSearchSettings(#"{"k1":1}"#, of: collection)
                let record = try store.updateIndex(IndexOptions(m: 7), of: collection)
                return "\(record.searchSettings ?? "") \(record.index.m)"
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "another model",
            run: { store, collection in
                try store.beginStaging(staged, in: collection)
                return try encodeAgain(store, collection)
            },
            secondCall: .other { store, collection in
                if try store.current(collection).model == staged.model { return }
                try store.beginStaging(staged, in: collection)
                _ = try encodeAgain(store, collection)
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "another model by many processes",
            run: { store, collection in
                try store.beginStaging(staged, in: collection)
                return try exchange(store, collection)
            },
            secondCall: .other { store, collection in
                if try store.current(collection).model == staged.model { return }
                try store.beginStaging(staged, in: collection)
                _ = try exchange(store, collection)
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "discard another model's vectors",
            prepare: { store, collection in
                try store.beginStaging(staged, in: collection)
            },
            run: { store, collection in
                try store.discardStaging(in: collection)
                return ""
            }),
    ]

    private static let staged = StagedModel(
        model: .init(name: "n", fingerprint: "n-1"), dimensions: 3)

    private static func encodeAgain(
        _ store: PostgresStore, _ collection: CollectionRecord
    ) throws -> String {
        var last = try store.stagedThrough(in: collection)
        while true {
            let page = try store.passages(after: last, limit: 4, in: collection)
            guard let end = page.last else { break }
            try store.stageVectors(
                page.map { ($0.key, [Float($0.text.utf8.count), 2, 3]) }, in: collection)
            last = end.key
        }
        let record = try store.commitStaging(in: collection)
        return "\(record.dimensions) \(record.model.fingerprint)"
    }

    private static func exchange(
        _ store: PostgresStore, _ collection: CollectionRecord
    ) throws -> String {
        let job = try #require(
            try store.stagingJob(model: staged.model.fingerprint, in: collection))
        let claim = try #require(
            try store.claim(from: job, worker: "w", lease: .zero, limit: 1, bytes: .max).first)
        let record = try store.exchange(
            holding: claim, of: job, in: collection, limit: 4
        ) { page in page.map { ($0.key, [Float($0.text.utf8.count), 2, 3]) } }
        return "\(record.dimensions) \(record.model.fingerprint)"
    }

    static let words = [
        WritingOperation(
            testDescription: "merge words",
            run: { store, collection in
                try store.mergeWords(of: collection)
                return ""
            }),
        WritingOperation(
            testDescription: "make words again",
            run: { store, collection in
                try store.rebuildDerived(of: collection)
                return ""
            }),
    ]

    static let indexes = [
        WritingOperation(
            testDescription: "index a field",
            run: { store, collection in
                try store.indexField("n", in: collection)
                return "\(try store.indexedFields(of: collection))"
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "drop a field's index",
            prepare: { store, collection in
                try store.indexField("n", in: collection)
            },
            run: { store, collection in
                "\(try store.dropIndexField("n", in: collection))"
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "build graphs",
            run: { store, collection in
                try store.buildGraphs(of: collection)
                return "\(try store.graphs(of: collection).map(\.state))"
            },
            isOneTransaction: false),
        WritingOperation(
            testDescription: "replace graphs",
            prepare: { store, collection in
                try store.buildGraphs(of: collection)
            },
            run: { store, collection in
                try store.buildGraphs(of: collection, rebuilding: true)
                return "\(try store.graphs(of: collection).map(\.state))"
            },
            isOneTransaction: false),
    ]
}
