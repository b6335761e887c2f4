import AutoRegEmbed
import Evaluation
import Foundation
import Testing
import TrainingTestSupport
import Training
import Tuning
import VectorDatabase

/// Mining in a database against a ranking by comparing everything with everything.
struct MiningDatabaseTests {
    private static let documents = 320
    private static let words =
        "the wing of a plane lifts it when air flows faster above than below".split(separator: " ")

    private static func text(_ number: Int, _ length: Int) -> String {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 &+ 99
        return (0..<length).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return String(words[Int(state >> 33) % words.count])
        }.joined(separator: " ")
    }

    private static let queries = (0..<5).map { (id: "q\($0)", text: text(1000 + $0, 4)) }

    private static var judgments: Judgments {
        var grades: [Identifier: [Identifier: Int]] = [:]
        for number in 0..<5 {
            // Two positives, a document judged as irrelevant, which may be drawn, and one that is
            // not there.
            grades[Identifier("q\(number)")] = [
                Identifier("d\(number)"): 2, Identifier("d\(number + 50)"): 1,
                Identifier("d\(number + 90)"): 0, "elsewhere": 1,
            ]
        }
        // Judged, but without a positive that is there.
        grades["q9"] = ["elsewhere": 1]
        return Judgments(grades)
    }

    private static func embedder(threads: Int) throws -> AutoRegEmbedder {
        var options = AutoRegEmbedder.Options()
        options.threads = threads
        return try AutoRegEmbedder(
            folder: URL(filePath: TrainingFixture.path("tiny")), options: options)
    }

    /// A database of the documents, with a graph.
    private func makeDatabase(_ fixture: TrainingFixture) async throws -> String {
        var options = DatabaseOptions()
        options.embedder = try Self.embedder(threads: 2)
        options.cachePolicy.smallestGraphLag = 50
        options.cachePolicy.smallestFlatLag = 50
        let path = fixture.output("corpus.vdb")
        let database = try Database(path: path, options: options)
        try await database.collection().ingest(
            (0..<Self.documents).map { Document(id: "d\($0)", text: Self.text($0, 6), title: "t") })
        let state = try database.collection().statistics(includesBytes: false).index
        #expect(state.state == .graph && state.graphRows > 200, "the index must be walked")
        try database.close()
        return path
    }

    private func mine(
        _ path: String, threads: Int = 2, _ change: (inout MiningOptions) -> Void = { _ in }
    ) async throws -> [Miner.Row] {
        var options = DatabaseOptions()
        options.access = .readOnly
        options.threads = threads
        options.embedder = try Self.embedder(threads: threads)
        let database = try Database(path: path, options: options)
        defer { try? database.close() }
        var mining = MiningOptions()
        change(&mining)
        return try await Miner(collection: database.collection(), options: mining).mine(
            Self.queries + [(id: "q9", text: "a plane"), (id: "unjudged", text: "air")],
            judgments: Self.judgments)
    }

    /// Every document's score for every query, the positives left out, best first.
    private func rankings() throws -> [String: [(id: String, score: Double)]] {
        let embedder = try Self.embedder(threads: 1)
        let vectors = try embedder.encode(
            (0..<Self.documents).map { "t " + Self.text($0, 6) }, instruction: .self_)
        var rankings: [String: [(id: String, score: Double)]] = [:]
        for (number, query) in Self.queries.enumerated() {
            let vector = try embedder.encode([query.text], instruction: .next)[0].vector
            rankings[query.id] = (0..<Self.documents).filter { $0 != number && $0 != number + 50 }
                .map { document in
                    let score = zip(vector, vectors[document].vector).reduce(0.0) {
                        $0 + Double($1.0) * Double($1.1)
                    }
                    return ("d\(document)", score)
                }.sorted { $0.1 > $1.1 }
        }
        return rankings
    }

    /// The rank and score that are written must be the brute-force ones; equal scores, to the
    /// rounding of the sums, may stand in either order.
    private func check(_ rows: [Miner.Row], _ range: ClosedRange<Int>) throws {
        let rankings = try self.rankings()
        #expect(rows.map(\.queryID) == Self.queries.map(\.id))
        for (number, row) in rows.enumerated() {
            #expect(row.positiveIDs == ["d\(number)", "d\(number + 50)"])
            #expect(
                row.positives == ["t " + Self.text(number, 6), "t " + Self.text(number + 50, 6)])
            let ranking = try #require(rankings[row.queryID])
            for negative in row.negatives {
                let own = try #require(ranking.first { $0.id == negative.id })
                let above = ranking.count { $0.score > own.score + 1e-6 }
                let notBelow = ranking.count { $0.score >= own.score - 1e-6 }
                #expect(abs(own.score - negative.score) < 1e-5)
                #expect((above + 1...notBelow).contains(negative.rank))
                #expect(range.contains(negative.rank))
                #expect(negative.text == "t " + Self.text(Int(negative.id.dropFirst()) ?? 0, 6))
            }
            #expect(Set(row.negatives.map(\.id)).count == row.negatives.count)
        }
    }

    @Test func theMinedAreTheRanksOfABruteForceRanking() async throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let path = try await makeDatabase(fixture)
        for isExact in [true, false] {
            let all = try await mine(path) {
                $0.isExact = isExact
                $0.negatives = 1000
            }
            #expect(all.allSatisfy { $0.negatives.map(\.rank) == Array(30...210) })
            try check(all, 30...210)
            let drawn = try await mine(path) { $0.isExact = isExact }
            #expect(drawn.allSatisfy { $0.negatives.count == 7 })
            try check(drawn, 30...210)
        }
    }

    @Test func theSameSeedGivesTheSameBytesOnAnyNumberOfThreads() async throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let path = try await makeDatabase(fixture)
        let one = try await mine(path, threads: 1).map(\.json)
        #expect(try await mine(path, threads: 2).map(\.json) == one)
        #expect(try await mine(path, threads: 5).map(\.json) == one)
        #expect(try await mine(path) { $0.seed = 1 }.map(\.json) != one)
    }

    /// The threshold is a share of the best positive's score, wherever that positive stands.
    @Test func likelyFalseNegativesAreDroppedByThePositivesScore() async throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let path = try await makeDatabase(fixture)
        let embedder = try Self.embedder(threads: 1)
        let rankings = try self.rankings()
        // Few ranks: most positives stand beyond them.
        let rows = try await mine(path) {
            $0.isExact = true
            $0.fromRank = 1
            $0.toRank = 40
            $0.negatives = 1000
            $0.maximumScoreRatio = 1.02
        }
        var dropped = 0
        for row in rows {
            let query = try embedder.encode([row.query], instruction: .next)[0].vector
            let best = try embedder.encode(row.positives, instruction: .self_).map { positive in
                zip(query, positive.vector).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            }.max()
            let limit = 1.02 * (try #require(best))
            let kept = Set(row.negatives.map(\.id))
            for candidate in try #require(rankings[row.queryID]).prefix(40)
            where abs(candidate.score - limit) > 1e-5 {
                #expect(kept.contains(candidate.id) == (candidate.score < limit))
                if candidate.score > limit { dropped += 1 }
            }
        }
        #expect(dropped > 0, "the filter has had something to drop")
    }

    /// A document with a positive's text under another id, also where title and text part elsewhere.
    @Test func aCopyOfAPositiveIsNoNegative() async throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let database = try Database(
            path: fixture.output("copies.vdb"), embedder: try Self.embedder(threads: 2))
        defer { try? database.close() }
        try await database.collection().ingest([
            Document(id: "positive", text: "lifts a plane", title: "the wing"),
            Document(id: "copy", text: "lifts a plane", title: "the wing"),
            Document(id: "joined", text: "the wing lifts a plane"),
            Document(id: "other", text: "air flows faster"),
        ])
        var options = MiningOptions()
        (options.fromRank, options.toRank) = (1, 10)
        let rows = try await Miner(collection: database.collection(), options: options).mine(
            [(id: "q", text: "what lifts a plane")], judgments: Judgments(["q": ["positive": 1]]))
        #expect(rows.map { $0.negatives.map(\.id) } == [["other"]])
        #expect(rows.first?.copies == 2)
    }
}
