import Foundation
import TestSupport
import Testing
import VectorDatabase

/// Whether graphs are written with neighbor codes is a choice of who opens the database, and lasts.
@Suite struct NeighborCodesTests {
    private let folder = TemporaryFolder()
    private static let vectors: [[Float]] = {
        var random = RandomSource.forTest(61)
        return (0..<1200).map { _ in (0..<32).map { _ in random.normal() } }
    }()

    private func open(_ neighborCodes: Bool?) throws -> Database {
        var options = DatabaseOptions()
        options.cachePolicy.smallestGraphLag = 200
        options.cachePolicy.smallestFlatLag = 50
        options.neighborCodes = neighborCodes
        return try Database(path: folder.file("a.vdb"), options: options)
    }

    private func ingest(_ range: Range<Int>, _ neighborCodes: Bool?) async throws {
        let database = try open(neighborCodes)
        try await database.collection().ingest(
            range.map { Document(id: "\($0)", text: "", vector: Self.vectors[$0]) })
        let report = try await database.check()
        #expect(report.isSound, "\(report.findings)")
        #expect(try #require(report.sampledRecall.values.first) >= 0.95)
        try database.close()
    }

    /// Files with codes have a version of their own, and statistics tell.
    private func hasCodes() throws -> Bool {
        let database = try open(nil)
        let index = try database.collection().statistics().index
        try database.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.vdb-index")))
        let has = bytes[bytes.startIndex + 8] == 4
        #expect(index.hasNeighborCodes == has)
        return has
    }

    @Test func lastsUntilChanged() async throws {
        try await ingest(0..<500, nil)
        #expect(try !hasCodes())
        try await ingest(500..<800, true)
        #expect(try hasCodes())
        try await ingest(800..<1200, nil)
        #expect(try hasCodes())
        let database = try open(false)
        let collection = database.collection()
        let options = try collection.statistics().index.options
        try await collection.reindex(options: options)
        #expect(try !hasCodes())
        #expect(try collection.statistics().index.graphRows == 1200)
        try database.close()
    }
}
