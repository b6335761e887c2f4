import PostgresStorage
import PostgresTestSupport
import TestSupport
import Testing

/// Search by words, and by both, in PostgreSQL, compared with the same documents in a file.
@Suite(.needsServer)
struct WordSearchTests {
    private static let dimensions = 8

    @Test(
        "Words, and words with vectors, have the same hits with the same scores as in a file",
        arguments: ServerShape.allCases)
    func equality(shape: ServerShape) async throws {
        var random = RandomSource.forTest()
        let folder = TemporaryFolder()
        let file = try Database(path: folder.file("a.vdb"))
        let postgres = try shape.database()
        let filters = try [nil, "n < 2", "n = 3", "missing = 1"].map {
            try $0.map { try Filter($0) }
        }
        for round in 0..<6 {
            // Some replace others of earlier rounds.
            let documents = (0..<120).map { _ in Self.document(&random) }
            let gone = (0..<20).map { _ in Self.id(&random) }
            for database in [file, postgres] {
                let collection = try await database.collection()
                _ = try await collection.ingest(documents)
                if round % 2 == 1 { _ = try await collection.delete(gone) }
            }
            for number in 0..<12 {
                var query = Query(vector: Self.vector(&random), limit: random.pick([1, 10, 300]))
                query.text = Self.text(1...6, &random)
                query.filter = filters[number % filters.count]
                query.mode = number % 3 == 2 ? .hybrid : .lexical
                query.isExact = true
                let expected = try await file.collection().query(query)
                let found = try await postgres.collection().query(query)
                #expect(found.hits.map(\.id) == expected.hits.map(\.id), "\(query.text)")
                #expect(
                    found.hits.map(\.score.bitPattern) == expected.hits.map(\.score.bitPattern))
                #expect(found.hits.map(\.text) == expected.hits.map(\.text))
            }
        }
        #expect(try await postgres.check().isSound)
        try file.close()
        try postgres.close()
    }

    private static func document(_ random: inout RandomSource) -> Document {
        var document = Document(
            id: id(&random), text: "",
            title: random.chance(0.5) ? text(1...3, &random) : "",
            metadata: random.chance(0.8)
                ? ["n": .integer(Int64.random(in: 0..<5, using: &random))] : [:])
        document.passages = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let start = document.text.utf8.count
            document.text += text(1...30, &random) + ". "
            return Document.Passage(start: start, vector: vector(&random))
        }
        if document.passages?.count == 1 { document.vector = document.passages?[0].vector }
        return document
    }

    private static func id(_ random: inout RandomSource) -> String {
        "d\(Int.random(in: 0..<400, using: &random))"
    }

    /// Few words, some in most passages, so that many scores are equal and some words are left out.
    private static func text(_ length: ClosedRange<Int>, _ random: inout RandomSource) -> String {
        (0..<Int.random(in: length, using: &random)).map { _ in
            let share = Double.random(in: 0..<1, using: &random)
            return "w\(Int(share * share * share * 80))x"
        }.joined(separator: " ")
    }

    private static func vector(_ random: inout RandomSource) -> [Float] {
        (0..<dimensions).map { _ in random.normal() }
    }
}
