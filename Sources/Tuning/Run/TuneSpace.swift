import Foundation
import Training
import VectorDatabase

/// The peak disk space of a run, in bytes, estimated before it begins.
struct TuneSpace {
    /// On the output's disk: the copy of the database with its new and old vectors, the models of
    /// the stages, and two training states (weights and two moments in float32), one replacing the
    /// other.
    let output: Int
    /// On the database's disk: the new vectors, stored in addition to the old ones.
    let database: Int
    let databasePath: String

    init(collection: DocumentCollection, base: String) throws {
        let statistics = try collection.statistics(includesBytes: false)
        databasePath = collection.database.path
        let vectors = statistics.passages * statistics.dimensions * 4
        let model = try ModelFolder(path: base).configuration.parameters.reduce(0) {
            $0 + $1.shape.reduce(4, *)
        }
        output =
            Self.size(databasePath) + Self.size(databasePath + "-wal") + 2 * vectors
            + 10 * model
        // The WAL holds the new vectors once more until it is checkpointed.
        database = 2 * vectors
    }

    /// - Throws: `TuneError.notEnoughSpace`
    func check(_ folder: TuneFolder) throws {
        let parent = URL(filePath: databasePath).deletingLastPathComponent().path
        guard let there = Self.fileSystem(of: folder.work), let here = Self.fileSystem(of: parent)
        else { return }
        let isSame = there.number == here.number
        try Self.check(folder.output, needed: output + (isSame ? database : 0), free: there.free)
        if !isSame { try Self.check(databasePath, needed: database, free: here.free) }
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
