import AutoRegEmbed
import Evaluation
import Foundation
import RandomNumbers
import TestSupport
import Testing
import Training
import VectorDatabase

@testable import Tuning

/// Fitting how a collection is searched.
struct SearchFitTests {
    private func questions(_ fixture: TuneFixture, _ judgments: Judgments) -> [SearchGrid.Question]
    {
        fixture.queries.map {
            .init(id: $0.id, text: $0.text, grades: judgments[Identifier($0.id)])
        }
    }

    private func database(_ fixture: TuneFixture) async throws -> Database {
        try await fixture.ingest()
        return try fixture.open(try AutoRegEmbedder(folder: URL(filePath: fixture.base)))
    }

    /// The judgments by which these settings are the best possible: the three best hits of each
    /// query are relevant.
    private func judgments(
        _ fixture: TuneFixture, favoring settings: SearchSettings, in collection: DocumentCollection
    ) async throws -> Judgments {
        var grades: [Identifier: [Identifier: Int]] = [:]
        for query in fixture.queries {
            var asked = Query(query.text, limit: 3, mode: .hybrid, isExact: true)
            asked.search = settings
            for hit in try await collection.query(asked).hits {
                grades[Identifier(query.id), default: [:]][Identifier(hit.id)] = 4 - hit.rank
            }
        }
        return Judgments(grades)
    }

    /// Each point of the grid is what hybrid search with these settings gives.
    @Test func theGridIsWhatSearchGives() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        let database = try await database(fixture)
        defer { try? database.close() }
        let current = SearchSettings(k1: 1, b: 0.6, denseWeight: 0.4)
        let questions = questions(fixture, fixture.judgments)
        let grid = try await SearchGrid(
            questions, in: database.collection(), current: current, progress: { _, _ in })
        func ndcg(_ settings: SearchSettings) async throws -> [Double] {
            let run = try await RetrievalExperiment(
                questions.map { .init(id: Identifier($0.id), text: $0.text) }, mode: .hybrid,
                isExact: true, search: settings, depth: 10, name: "hybrid"
            ).run(in: database.collection())
            return questions.map { question in
                NDCG(10).value(
                    of: JudgedRanking(
                        ranking: run[Identifier(question.id)].map(\.document),
                        judgments: question.grades))
            }
        }
        #expect(try await ndcg(current) == grid.before)
        let settings = SearchGrid.settings
        #expect(settings.count == grid.values.count)
        var generator = RandomSource.forTest()
        for place in [0, settings.count - 1]
            + (0..<12).map({ _ in Int.random(in: settings.indices, using: &generator) })
        {
            #expect(try await ndcg(settings[place]) == grid.values[place], "\(settings[place])")
        }
    }

    @Test func settingsThatHelpAreAdopted() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        let database = try await database(fixture)
        defer { try? database.close() }
        let best = SearchSettings(k1: 2.5, b: 0.1, denseWeight: 3)
        let judgments = try await judgments(fixture, favoring: best, in: database.collection())
        var options = fixture.options()
        options.stages = []
        options.heldOutQueries = 6
        let before = try await database.collection().query("air flows above").hits
        let report = try await fixture.tuner(database, options, judgments: judgments).run()
        let search = try #require(report.search)
        #expect(search.isAdopted && search.lower > 0 && search.upper >= search.gain)
        #expect(search.after > search.before)
        #expect(search.hybridWeight > 1)
        #expect(!report.isReplaced && report.stages.isEmpty && report.after == report.before)
        let set = try #require(try database.collection().searchSettings)
        #expect((set.k1, set.b, set.denseWeight) == (search.k1, search.b, search.hybridWeight))
        #expect(
            try set.modelFingerprint == database.collection().recordedEmbedder?.fingerprint)
        #expect(try await database.collection().query("air flows above").hits != before)
        // Resumed, it reports the same and sets the same.
        let again = try await fixture.tuner(database, options, judgments: judgments)
            .run(resuming: true)
        #expect(again == report)
        #expect(try await database.check().isSound)
    }

    /// What the collection is searched with already cannot be improved on.
    @Test func settingsThatDoNotHelpAreNot() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        let database = try await database(fixture)
        defer { try? database.close() }
        let judgments = try await judgments(
            fixture, favoring: SearchSettings(k1: 1, b: 0.6, denseWeight: 0.4),
            in: database.collection())
        var options = fixture.options()
        options.stages = []
        let report = try await fixture.tuner(database, options, judgments: judgments).run()
        let search = try #require(report.search)
        #expect(!search.isAdopted && search.gain <= 0 && search.before == 1)
        #expect(try database.collection().searchSettings == nil)
    }

    /// Judgments by chance: whatever fits them does not hold on other questions.
    @Test func chanceIsNotAdopted() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        let database = try await database(fixture)
        defer { try? database.close() }
        var adopted = 0
        for seed in 0..<8 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var grades: [Identifier: [Identifier: Int]] = [:]
            for query in fixture.queries {
                grades[Identifier(query.id)] = [Identifier("d\(generator.below(48))"): 1]
            }
            let questions = questions(fixture, Judgments(grades))
            let fit = try await SearchFit(
                training: questions, heldOut: [], in: database.collection(),
                current: SearchSettings(k1: 1, b: 0.6, denseWeight: 0.4), model: "m", seed: seed,
                progress: { _, _ in })
            if fit.isAdopted { adopted += 1 }
        }
        // One in twenty is expected.
        #expect(adopted <= 1)
    }
}
