import Foundation
import PostgresStorage
import PostgresTestSupport
import TestSupport
import Testing
import VectorDatabase

/// A difference between the database and the dictionary.
struct Divergence: Error, CustomStringConvertible {
    let step: Int
    let operation: String
    let message: String

    var description: String { "step \(step), \(operation): \(message)" }
}

/// Runs a script on a database and on the model.
final class ModelRun {
    let store: TestStore
    let folder: TemporaryFolder
    private let location: DatabaseLocation
    var model = ReferenceModel()
    private var backups: [Int: ReferenceModel] = [:]
    private(set) var database: Database
    /// Another handle on the same database, which must see every commit.
    private var reader: Database?

    /// Runs a script and compares everything at its end.
    ///
    /// - Throws: `Divergence`.
    static func run(_ script: [Operation], on store: TestStore = .file) async throws {
        let run = try ModelRun(on: store)
        for (step, operation) in (script + [.compareAll, .check, .reopen, .compareAll]).enumerated()
        {
            do { try await run.perform(operation) } catch {
                throw Divergence(step: step, operation: "\(operation)", message: "\(error)")
            }
        }
        try run.close()
    }

    private init(on store: TestStore) throws {
        self.store = store
        folder = TemporaryFolder()
        location = DatabaseLocation(try store.location(in: folder))
        database = try Self.open(location, .create)
    }

    private static func open(
        _ location: DatabaseLocation, _ access: DatabaseOptions.Access
    ) throws -> Database {
        var options = DatabaseOptions()
        options.access = access
        options.findEmbedder = { recorded in
            let seed = recorded?.fingerprint.split(separator: "-").last.flatMap { UInt64($0) }
            return TestEmbedder(dimensions: ReferenceCollection.dimensions, seed: seed ?? 0)
        }
        options.threads = 2
        options.cachePolicy.smallestGraphLag = 40
        options.cachePolicy.smallestFlatLag = 10
        options.cachePolicy.batch = 16
        options.cachePolicy.smallestLexicalLag = 15
        options.cachePolicy.smallestLexicalMerge = 60
        var server = PostgresOptions()
        server.smallestGraph = 40
        server.places = 2
        return try location.open(options, server: server)
    }

    private func close() throws {
        try reader?.close()
        reader = nil
        try database.close()
    }

    func handle(isReader: Bool) throws -> Database {
        guard isReader else { return database }
        if let reader { return reader }
        let opened = try Self.open(location, .readOnly)
        reader = opened
        return opened
    }

    // MARK: Steps

    private func perform(_ operation: Operation) async throws {
        guard store.has(operation) else { return }
        switch operation {
        case .ingest(let documents, let collection, let conflict, let chunk):
            try await ingest(documents, into: collection, conflict: conflict, chunk: chunk)
        case .ingestMany(let id, let count, let text, let collection, let chunk):
            let documents = (0..<count).map {
                ScriptDocument(id + $0, text: text + $0, metadata: (text + $0) % 50)
            }
            try await ingest(documents, into: collection, conflict: .replace, chunk: chunk)
        case .delete(let ids, let collection):
            let ids = ids.map { "d\($0)" }
            try await existing(collection) { found in
                let deleted = try await found.delete(ids)
                let expected = Set(ids).intersection(model.collections[collection].documents.keys)
                try require(deleted == expected.count, "\(deleted) deleted of \(expected.count)")
                for id in expected { model.collections[collection].documents[id] = nil }
            }
        case .deleteWhere(let number, let collection):
            let filter = try Filter(ScriptDocument.filters[number])
            try await existing(collection) { found in
                let expected = model.collections[collection].matching(filter).map(\.document.id)
                let deleted = try await found.delete(where: filter)
                try require(deleted == expected.count, "\(deleted) deleted of \(expected.count)")
                for id in expected { model.collections[collection].documents[id] = nil }
            }
        case .indexField(let field, let collection):
            let name = ScriptDocument.fields[field]
            try await existing(collection) { found in
                try await found.indexField(name)
                model.collections[collection].indexedFields.insert(name)
            }
        case .dropField(let field, let collection):
            let name = ScriptDocument.fields[field]
            try await existing(collection) { found in
                let expected = model.collections[collection].indexedFields.remove(name) != nil
                let dropped = try await found.dropIndexField(name)
                try require(dropped == expected, "dropped: \(dropped)")
            }
        case .reencode(let collection, let seed):
            try await existing(collection) { found in
                try await found.reindex(
                    with: TestEmbedder(
                        dimensions: ReferenceCollection.dimensions, seed: UInt64(seed)))
                model.collections[collection].reencode(seed: UInt64(seed))
            }
        case .reindex(let collection, let m, let int8):
            try await existing(collection) { found in
                try await found.reindex(
                    options: IndexOptions(
                        m: m, efConstruction: 60, quantization: int8 ? .int8 : .none))
            }
        case .query, .count, .compareAll, .check: try await compare(operation)
        case .reopen:
            try close()
            database = try Self.open(location, .readWrite)
        case .compact: try await database.compact()
        case .backup(let slot):
            try? FileManager.default.removeItem(atPath: backup(slot))
            try await database.backup(to: backup(slot))
            backups[slot] = model
        case .restore(let slot, let drops): try restore(slot, dropsCaches: drops)
        case .dropCaches: try removeCaches()
        case .dropCache(let number):
            let caches = try caches()
            guard !caches.isEmpty else { return }
            try FileManager.default.removeItem(
                atPath: folder.file(caches[number % caches.count]))
        case .crash: try crash()
        }
    }

    /// Runs `body`; if the collection does not exist, expects the error that says so.
    private func existing(
        _ collection: Int, _ body: (DocumentCollection) async throws -> Void
    ) async throws {
        let expected = model.collections[collection]
        do {
            try await body(database.collection(expected.name))
            try require(expected.exists, "a collection that is not there was taken")
        } catch DatabaseError.collectionMissing where !expected.exists {}
    }

    private func ingest(
        _ documents: [ScriptDocument], into collection: Int, conflict: IngestOptions.Conflict,
        chunk: Int
    ) async throws {
        var model = model.collections[collection]
        var given = documents.map { $0.document() }
        // The first document must not turn the collection into one of ready-made vectors.
        if !model.exists { for index in given.indices { given[index].vector = nil } }
        var counts: [ReferenceCollection.Outcome: Int] = [:]
        var stopped = false
        for document in given where !stopped {
            let outcome = model.ingest(document, chunk: chunk, conflict: conflict)
            counts[outcome, default: 0] += 1
            stopped = outcome == .refused || outcome == .conflict
        }
        var options = IngestOptions()
        options.metric = model.metric
        options.onConflict = conflict
        options.chunking = ReferenceDocument.chunking(chunk)
        options.index = IndexOptions(
            m: 6, efConstruction: 60, quantization: model.quantization)
        do {
            let summary = try await database.collection(model.name).ingest(given, options: options)
            try require(!stopped, "a document was to be refused")
            try require(summary.documents == given.count, "\(summary.documents) acknowledged")
            // If an id occurs twice in a batch, the counts depend on what is committed in between.
            if Set(given.map(\.id)).count == given.count {
                try require(
                    summary.inserted == counts[.inserted] ?? 0
                        && summary.replaced == counts[.replaced] ?? 0
                        && summary.unchanged == counts[.unchanged] ?? 0
                        && summary.skipped == counts[.skipped] ?? 0,
                    "\(summary) where \(counts) were expected")
            }
        } catch let error as DatabaseError where stopped {
            switch error {
            case .documentExists, .invalidVector: break
            default: throw error
            }
        }
        self.model.collections[collection] = model
    }

    // MARK: Files

    private func backup(_ slot: Int) -> String { folder.file("backup-\(slot)") }

    private func restore(_ slot: Int, dropsCaches: Bool) throws {
        guard let saved = backups[slot] else { return }
        let path = database.path
        try close()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        if dropsCaches { try removeCaches() }
        try FileManager.default.copyItem(atPath: backup(slot), toPath: path)
        database = try Self.open(location, .readWrite)
        model = saved
    }

    private func crash() throws {
        let copies = TemporaryFolder()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("a.vdb") && !$0.hasSuffix("-shm") && !$0.hasSuffix("-lock") }
        for name in names {
            try FileManager.default.copyItem(
                atPath: folder.file(name), toPath: copies.file(name))
        }
        try close()
        for name in names {
            try? FileManager.default.removeItem(atPath: folder.file(name))
            try FileManager.default.moveItem(
                atPath: copies.file(name), toPath: folder.file(name))
        }
        database = try Self.open(location, .readWrite)
    }

    private func caches() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter { name in
            ["-index", "-vectors", "-lexical", "-lexical-recent"].contains { name.hasSuffix($0) }
        }
    }

    private func removeCaches() throws {
        for name in try caches() { try FileManager.default.removeItem(atPath: folder.file(name)) }
    }

    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw Mismatch(description: message()) }
    }

    struct Mismatch: Error, CustomStringConvertible { let description: String }
}

extension TestStore {
    /// Whether the store has what a step is about.
    fileprivate func has(_ operation: Operation) -> Bool {
        if self == .file { return true }
        switch operation {
        case .indexField, .dropField, .compact, .backup, .restore, .dropCaches, .dropCache, .crash:
            return false
        default: return true
        }
    }
}
