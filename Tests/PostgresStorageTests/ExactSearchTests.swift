import Foundation
import PostgresStorage
import PostgresTestSupport
import TestSupport
import Testing

/// Exact search in PostgreSQL, compared with the same documents in a file.
@Suite(.needsServer)
struct ExactSearchTests {
    private static let dimensions = 48

    @Test(
        "Exact search has the same hits with the same scores, to the last digit, as in a file",
        arguments: Metric.allCases, ServerShape.allCases)
    func equality(metric: Metric, shape: ServerShape) async throws {
        var random = RandomSource.forTest()
        let folder = TemporaryFolder()
        let file = try Database(path: folder.file("a.vdb"))
        let postgres = try shape.database()
        let documents = Self.documents(&random)
        for database in [file, postgres] {
            var options = IngestOptions()
            options.metric = metric
            let summary = try await database.collection().ingest(documents, options: options)
            #expect(summary.inserted == documents.count)
        }
        let filters = try [nil, "n < 40", "even = true", "n = 7", "n > 100000"].map {
            try $0.map { try Filter($0) }
        }
        for round in 0..<12 {
            let stored = documents[round].passages?[0].vector
            var query = Query(
                vector: stored.flatMap { round % 3 == 0 ? $0 : nil } ?? Self.vector(&random),
                limit: random.pick([1, 10, 60]), filter: filters[round % filters.count])
            query.isExact = true
            let expected = try await file.collection().query(query)
            let found = try await postgres.collection().query(query)
            #expect(found.hits.map(\.id) == expected.hits.map(\.id))
            #expect(found.hits.map(\.score) == expected.hits.map(\.score))
            #expect(found.hits.map(\.text) == expected.hits.map(\.text))
            #expect(
                found.explanation.matchingPassages == expected.explanation.matchingPassages)
        }
        try file.close()
        try postgres.close()
    }

    /// Documents of one to five passages; many vectors occur several times, so that ties are broken by
    /// ids.
    private static func documents(_ random: inout RandomSource) -> [Document] {
        let shared = (0..<20).map { _ in vector(&random) }
        return (0..<500).map { number in
            var document = Document(
                id: "d\((number * 7919) % 500)", text: "",
                metadata: ["n": .integer(Int64(number)), "even": .bool(number % 2 == 0)])
            document.passages = (0..<Int.random(in: 1...5, using: &random)).map { part in
                let start = document.text.utf8.count
                document.text += "passage \(part) of \(number). "
                return Document.Passage(
                    start: start, vector: random.chance(0.3) ? random.pick(shared) : vector(&random)
                )
            }
            if document.passages?.count == 1 { document.vector = document.passages?[0].vector }
            return document
        }
    }

    private static func vector(_ random: inout RandomSource) -> [Float] {
        (0..<dimensions).map { _ in random.normal() }
    }
}
