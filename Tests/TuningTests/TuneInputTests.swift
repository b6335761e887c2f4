import Evaluation
import Foundation
import Testing
import Training
import VectorDatabase

@testable import Tuning

/// What tuning refuses, counts and draws.
struct TuneInputTests {
    private func split(
        _ queries: [(id: String, text: String)], _ grades: [Identifier: [Identifier: Int]],
        heldOut: Int? = nil, seed: UInt64 = 0, existing: Set<String>? = nil
    ) throws -> QuerySplit {
        var options = TuneOptions(output: "unused", threads: 1)
        options.heldOutQueries = heldOut
        options.seed = seed
        return try QuerySplit(
            queries: queries, judgments: Judgments(grades), options: options, collection: "c"
        ) { ids in
            Set((existing.map { Set(ids).intersection($0) } ?? Set(ids)).map { Identifier($0) })
        }
    }

    private let queries = (0..<40).map { (id: "q\($0)", text: "question \($0)") }
    private var grades: [Identifier: [Identifier: Int]] {
        Dictionary(
            uniqueKeysWithValues: queries.map { (Identifier($0.id), [Identifier("d-" + $0.id): 1]) }
        )
    }

    @Test func theDrawIsTheSeeds() throws {
        let first = try split(queries, grades)
        #expect(first.heldOut.count == 10 && first.training.count == 23)
        #expect(first.validation?.count == 7)
        #expect(try split(queries.reversed(), grades) == first)
        #expect(try split(queries, grades, seed: 1).training != first.training)
    }

    /// The paper's ranks are for MS MARCO; for fewer passages they shrink with the fourth root.
    @Test func ranksAreScaledToTheCollection() {
        var options = MiningOptions()
        for (passages, ranks) in [
            (8_841_823, 30...210), (100_000_000, 30...210), (100_000, 10...68), (1400, 3...24),
            (48, 1...10), (1, 1...7),
        ] {
            let scaled = options.scaled(to: passages)
            #expect(scaled.fromRank == ranks.lowerBound && scaled.toRank == ranks.upperBound)
            #expect(scaled.maximumScoreRatio == 0.95 && scaled.negatives == 7)
        }
        options.maximumScoreRatio = 0.8
        #expect(options.scaled(to: 48).maximumScoreRatio == 0.8)
    }

    /// Few queries are not divided further, nor are they for search alone.
    @Test func fewQueriesAreAllTrainedOn() throws {
        let few = Array(queries.prefix(25))
        let judged = grades.filter { few.map(\.id).contains($0.key.text) }
        let small = try split(few, judged)
        #expect(small.validation == nil && small.training.count == 15)
        let larger = try split(queries, grades)
        #expect(Set((larger.validation ?? []).map(\.id)).isDisjoint(with: larger.training))
    }

    @Test func theSameQuestionStaysOnOneSide() throws {
        var queries = queries
        for place in stride(from: 0, to: 40, by: 2) {
            queries[place].text = "  QUESTION \(place + 1) "
        }
        for seed in 0..<5 {
            let split = try split(queries, grades, heldOut: 9, seed: UInt64(seed))
            let heldOut = Set(split.heldOut.map(\.id))
            for place in stride(from: 0, to: 40, by: 2) {
                #expect(heldOut.contains("q\(place)") == heldOut.contains("q\(place + 1)"))
            }
            #expect(heldOut.count == 10)
            let spared = Set((split.validation ?? []).map(\.id))
            for place in stride(from: 0, to: 40, by: 2) {
                #expect(spared.contains("q\(place)") == spared.contains("q\(place + 1)"))
            }
        }
    }

    @Test func whatCannotBeUsedIsCounted() throws {
        var grades = grades
        grades["q0"] = ["gone": 1]
        grades["q1"] = ["d-q1": 0]
        grades["q2"]?["gone-too"] = 1
        grades["nobody"] = ["d-q1": 1]
        var there = Set(queries.map { "d-" + $0.id })
        there.remove("d-q0")
        let counts = try split(queries, grades, existing: there).counts
        #expect(counts.judgedQueries == 41)
        #expect(counts.queriesWithoutText == 1)
        #expect(counts.queriesWithoutDocument == 2)
        #expect(counts.judgments == 42)
        #expect(counts.judgmentsOfMissing == 2)
        #expect(counts.missingExample == "gone")
        #expect(
            counts.trainingQueries + counts.heldOutQueries + (counts.validationQueries ?? 0) == 38)
    }

    @Test func tooFewQueriesAreRefused() throws {
        let few = Array(queries.prefix(15))
        let judged = grades.filter { few.map(\.id).contains($0.key.text) }
        #expect(throws: TuneError.tooFewQueries(usable: 15, judged: 15, needed: 20)) {
            try split(few, judged)
        }
        #expect(try split(few, judged, heldOut: 5).training.count == 10)
        #expect(throws: TuneError.tooFewQueries(usable: 15, judged: 15, needed: 16)) {
            try split(few, judged, heldOut: 15)
        }
        #expect(
            throws: TuneError.noJudgedDocument(collection: "c", judgments: 40, example: "d-q0")
        ) {
            try split(queries, grades, existing: [])
        }
    }

    @Test func whatIsInTheWayIsSaidBeforeAnythingIsWritten() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        defer { try? database.close() }
        let options = fixture.options()
        await #expect(throws: TuneError.nothingToResume(path: options.output)) {
            try await fixture.tuner(database).run(resuming: true)
        }
        #expect(!FileManager.default.fileExists(atPath: options.output))
        await #expect(throws: TuneError.outputExists(path: fixture.base)) {
            try await fixture.tuner(database, fixture.options("base")).run()
        }
        await #expect(throws: TuneError.self) {
            try await fixture.tuner(database, judgments: Judgments(["q0": ["gone": 1]])).run()
        }
        #expect(!FileManager.default.fileExists(atPath: options.output))
        var late = fixture.options("late")
        (late.mining.fromRank, late.mining.toRank) = (100, 200)
        await #expect(throws: TuneError.noNegatives(documents: 48, fromRank: 100)) {
            try await fixture.tuner(database, late).run()
        }
        late.mining.fromRank = 3
        await #expect(throws: TuneError.resumedDifferently(.option(.fromRank))) {
            try await fixture.tuner(database, late).run(resuming: true)
        }
        var backwards = options
        backwards.stages.reverse()
        await #expect(throws: TuneError.badOption(.stages, .stageOrder)) {
            try await fixture.tuner(database, backwards).run()
        }
        #expect(throws: TuneError.notEnoughSpace(path: "/disk", needed: 2, free: 1)) {
            try TuneSpace.check("/disk", needed: 2, free: 1)
        }
    }

    /// Journals of version 0.1 have Swift's names; now they are in snake_case.
    @Test func optionsOfTheFirstVersionAreRead() throws {
        var options = TuneOptions(output: "models/mine", threads: 3)
        options.heldOutQueries = 7
        options.mining.maximumScoreRatio = 0.9
        options.stages[2].usesInBatchNegatives = true
        options.stages[0].mostSteps = 5
        options.fitsSearch = false
        let old = """
            {"output":"models/mine","threads":3,"heldOutQueries":7,"seed":0,"saveSteps":100,
             "mostCompressedTexts":16384,"mostPositives":8,"replacesWorse":false,
             "mining":{"fromRank":30,"toRank":210,"negatives":7,"seed":0,"isExact":false,
                       "maximumScoreRatio":0.9},
             "stages":[
               {"stage":"compress","epochs":2,"leastSteps":50,"mostSteps":5,"batchSize":32,
                "learningRate":2e-5,"usesInBatchNegatives":false},
               {"stage":"align","epochs":4,"leastSteps":50,"batchSize":32,"learningRate":5e-6,
                "usesInBatchNegatives":false},
               {"stage":"contrast","epochs":1,"leastSteps":50,"batchSize":32,"learningRate":2e-5,
                "usesInBatchNegatives":true}]}
            """
        for data in [Data(old.utf8), try JSONEncoder().encode(options)] {
            let read = try JSONDecoder().decode(TuneOptions.self, from: data)
            #expect(read.difference(from: options) == nil && read.mining == options.mining)
            #expect(read.output == "models/mine" && read.threads == 3)
        }
        let text = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        #expect(text.contains("\"held_out_queries\"") && text.contains("\"from_rank\""))
    }

    /// A small model is trained by contrast alone, others in the paper's three stages.
    @Test func recipesHaveTheirStages() throws {
        let paper = TuneOptions(output: "o", threads: 1)
        var options = paper
        options.use(.small)
        #expect(options.stages.map(\.stage) == [.contrast] && options.adapterRank == 32)
        #expect(options.stages[0].usesInBatchNegatives && options.mining.negatives == 1)
        #expect(options.stages[0].learningRate == 5e-4 && options.stages[0].epochs == 1)
        #expect(options.recipe == .small && options.difference(from: paper) == .recipe)
        let saved = try JSONEncoder().encode(options)
        #expect(try JSONDecoder().decode(TuneOptions.self, from: saved) == options)
        options.use(.paper)
        #expect(options == paper)
        for stage in TuneOptions.Stage.recipe + [.respond] {
            #expect(TuneOptions.Stage(stage.stage, recipe: .paper) == stage)
        }
    }

    @Test func theOptionThatDiffersIsNamed() {
        let options = TuneOptions(output: "a", threads: 1)
        var other = TuneOptions(output: "b", threads: 2)
        #expect(options.difference(from: other) == nil)
        other.seed = 1
        #expect(options.difference(from: other) == .seed)
        other.stages[1].epochs = 9
        #expect(options.difference(from: other) == .epochs)
        other = options
        other.mining.isExact = true
        #expect(options.difference(from: other) == .isExact)
        var bad = options
        bad.mining.toRank = 20
        #expect(throws: TuneError.badOption(.toRank, .outside(.atLeast(30)))) {
            try bad.validate()
        }
    }

    @Test func vectorsThatNoModelMadeAreRefused() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        let database = try fixture.open()
        defer { try? database.close() }
        let documents = (0..<3).map {
            Document(id: "d\($0)", text: "text", vector: [1, 0, Float($0)])
        }
        _ = try await database.collection().ingest(documents)
        await #expect {
            try await fixture.tuner(database).run()
        } throws: { error in
            guard case TuneError.notTunable = error else { return false }
            return true
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.options().output))
    }
}
