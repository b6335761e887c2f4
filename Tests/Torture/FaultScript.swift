import FileFormat
import Foundation
import VectorDatabase

/// A short script that does everything to a database that writes, within this process, on a disk that
/// the caller supplies. Thresholds are lowered so that its few documents have a graph.
package struct FaultScript: Sendable {
    let actions: [KillAction]
    /// What is stored before each action, and after the last.
    let states: [StoredVersions]

    static let dimensions = 4

    package var count: Int { actions.count }

    /// - Parameter actions: without `reencode` and `read`, which need a program.
    init(_ actions: [KillAction]) {
        self.actions = actions
        var states: [StoredVersions] = [[:]]
        for action in actions { states.append(action.result(before: states[states.count - 1])) }
        self.states = states
    }

    /// Two batches, deletions, both kinds of index, and what rewrites files.
    package static let everything = FaultScript([
        .ingest((0..<40).map { SampleDocument(number: $0, version: 1) }),
        .ingest((20..<60).map { SampleDocument(number: $0, version: 2) }),
        .delete([3, 30, 50]),
        .deleteRange(5, 15),
        .indexField(drop: false),
        .reindex(m: 8),
        .compact,
        .backup,
        .ingest((100..<130).map { SampleDocument(number: $0, version: 3) }),
        .synchronize((110..<125).map { SampleDocument(number: $0, version: 4) }),
    ])

    /// The least that goes through a commit, a cache file and a checkpoint.
    package static let short = FaultScript([
        .ingest((0..<25).map { SampleDocument(number: $0, version: 1) }),
        .delete([3, 20]),
    ])

    static func options(_ fileSystem: any FileSystem, access: DatabaseOptions.Access = .create)
        -> DatabaseOptions
    {
        var options = DatabaseOptions()
        options.access = access
        options.fileSystem = fileSystem
        options.cachePolicy.smallestGraphLag = 15
        options.cachePolicy.smallestFlatLag = 5
        options.cachePolicy.smallestLexicalLag = 10
        options.cachePolicy.smallestLexicalMerge = 30
        options.cachePolicy.batch = 16
        options.threads = 1
        options.lockTimeout = .seconds(2)
        return options
    }

    /// Does one of the actions.
    func perform(_ action: KillAction, on database: Database) async throws {
        let collection = database.collection()
        switch action {
        case .ingest(let documents, _):
            try await collection.ingest(documents.map(\.document))
        case .synchronize(let documents):
            var options = IngestOptions()
            options.synchronizedSources = [SampleDocument.source]
            try await collection.ingest(documents.map(\.document), options: options)
        case .delete(let numbers): try await collection.delete(numbers.map { "d\($0)" })
        case .deleteRange(let first, let end):
            try await collection.delete(where: Filter("n >= \(first) AND n < \(end)"))
        case .reindex(let m): try await collection.reindex(options: IndexOptions(m: m))
        case .compact: try await database.compact()
        case .backup:
            let path = database.path + "-backup"
            try? FileManager.default.removeItem(atPath: path)
            try await database.backup(to: path)
        case .indexField(let drop):
            if drop {
                try await collection.dropIndexField("n")
            } else {
                try await collection.indexField("n")
            }
        case .repair: _ = try await database.check(repairing: true)
        case .tune, .reencode: _ = try await database.check()
        }
    }
}

extension SampleDocument {
    static let source = "/corpus.jsonl"

    /// As `vdb` reads it from its line.
    var document: Document {
        var document = Document(
            id: id, text: text, title: title,
            metadata: ["n": .integer(Int64(number)), "v": .integer(Int64(version))],
            vector: vector(dimensions: FaultScript.dimensions))
        document.source = Document.Source(path: Self.source, position: number + 1)
        return document
    }
}

extension KillAction {
    /// What is stored when the action has come to its end.
    func result(before: StoredVersions) -> StoredVersions {
        switch self {
        case .ingest(let documents, _):
            return documents.reduce(into: before) { $0[$1.number] = $1.version }
        case .synchronize(let documents):
            return documents.reduce(into: [:]) { $0[$1.number] = $1.version }
        case .delete(let numbers): return before.filter { !numbers.contains($0.key) }
        case .deleteRange(let first, let end):
            return before.filter { !(first..<end).contains($0.key) }
        default: return before
        }
    }
}
