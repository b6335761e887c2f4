import TestSupport
import Testing
import VectorDatabase

/// Whether `check` notices a graph that finds little beside a crowd.
@Suite struct CheckRecallTests {
    /// Recall that `check` reports of 800 vectors and near copies of one of them.
    private static func sampledRecall(_ quantization: VectorQuantization, copies: Int) async throws
        -> Double
    {
        let folder = TemporaryFolder()
        var random = RandomSource.forTest(51)
        let dimensions = 96
        let center = (0..<dimensions).map { _ in random.normal() }
        let vectors = (0..<800 + copies).map { number in
            center.map { $0 + (number < 800 ? 1 : 0.003) * random.normal() }
        }.shuffled(using: &random)
        let documents = vectors.enumerated().map { number, vector in
            Document(id: "\(number)", text: "", vector: vector)
        }
        var databaseOptions = DatabaseOptions()
        databaseOptions.access = .create
        databaseOptions.cachePolicy.smallestGraphLag = 200
        databaseOptions.cachePolicy.smallestFlatLag = 50
        let database = try Database(path: folder.file("a.vdb"), options: databaseOptions)
        var options = IngestOptions()
        options.metric = .cosine
        options.index.quantization = quantization
        try await database.collection().ingest(documents, options: options)
        let report = try await database.check()
        #expect(report.isSound, "\(report.findings)")
        #expect(try database.collection().statistics().index.graphRows == documents.count)
        try database.close()
        return try #require(report.sampledRecall.values.first)
    }

    @Test func aCrowdThatHidesItsNeighborhoodIsNoticed() async throws {
        // Floating-point vectors that differ are nodes each.
        #expect(try await Self.sampledRecall(.none, copies: 4000) < 0.9)
        #expect(try await Self.sampledRecall(.int8, copies: 4000) >= 0.95)
        #expect(try await Self.sampledRecall(.none, copies: 0) >= 0.95)
    }
}
