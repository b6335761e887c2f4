import Foundation
import Training
import Transformer
import VectorDatabase

/// The peak disk space of a run, in bytes, estimated before it begins.
struct TuneSpace {
    /// On the output's disk: the copy of the collection with its new and old vectors, the models of
    /// the stages, and two training states (weights and two moments in float32), one replacing the
    /// other.
    let output: Int
    /// On the disk of a database in a file: the new vectors, stored in addition to the old ones.
    let file: (path: String, bytes: Int)?

    init(collection: DocumentCollection, configuration: ModelConfiguration) throws {
        let statistics = try collection.statistics(includesBytes: false)
        let database = collection.database
        let vectors = statistics.passages * statistics.dimensions * 4
        let model = configuration.parameters.reduce(0) { $0 + $1.shape.reduce(4, *) }
        let copy =
            database.isInFile
            ? Self.size(database.path) + Self.size(database.path + "-wal")
            : try Self.texts(of: statistics, in: database) + vectors
        output = copy + 2 * vectors + 10 * model
        // The WAL holds the new vectors once more until it is checkpointed.
        file = database.isInFile ? (database.path, 2 * vectors) : nil
    }

    /// What the collection has beside vectors, on a store that knows only the sum over its collections.
    private static func texts(
        of statistics: CollectionStatistics, in database: Database
    ) throws -> Int {
        let all = try database.collectionNames().reduce(0) {
            $0 + (try database.collection($1).statistics(includesBytes: false).passages)
        }
        let bytes = try database.bytesByPart().filter { $0.part != "vectors" }
            .reduce(0) { $0 + $1.bytes }
        return Int(Double(bytes) * Double(statistics.passages) / Double(max(1, all)))
    }

    /// - Throws: `TuneError.notEnoughSpace`
    func check(_ folder: TuneFolder) throws {
        guard let there = Self.fileSystem(of: folder.work) else { return }
        guard let file else {
            return try Self.check(folder.output, needed: output, free: there.free)
        }
        let parent = URL(filePath: file.path).deletingLastPathComponent().path
        guard let here = Self.fileSystem(of: parent) else { return }
        let isSame = there.number == here.number
        try Self.check(folder.output, needed: output + (isSame ? file.bytes : 0), free: there.free)
        if !isSame { try Self.check(file.path, needed: file.bytes, free: here.free) }
    }

    static func check(_ path: String, needed: Int, free: Int) throws(TuneError) {
        if needed > free { throw .notEnoughSpace(path: path, needed: needed, free: free) }
    }

    private static func size(_ path: String) -> Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        return (facts?[.size] as? NSNumber)?.intValue ?? 0
    }

    private static func fileSystem(of path: String) -> (number: Int, free: Int)? {
        guard let facts = try? FileManager.default.attributesOfFileSystem(forPath: path),
            let free = (facts[.systemFreeSize] as? NSNumber)?.intValue,
            let number = (facts[.systemNumber] as? NSNumber)?.intValue
        else { return nil }
        return (number, free)
    }
}
