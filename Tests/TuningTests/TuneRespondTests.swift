import AutoRegEmbed
import Evaluation
import Foundation
import JSON
import Training
import VectorDatabase
import Testing

@testable import Tuning

/// `TuneOptions.Stage.respond`: the model's own answers, a teacher, and vectors as wide as its.
struct TuneRespondTests {
    private func options(
        _ fixture: TuneFixture, _ output: String = "tuned", teacher: String? = nil
    ) throws -> TuneOptions {
        var options = fixture.options(output)
        options.stages = [.respond]
        options.stages[0].batchSize = 4
        options.stages[0].mostSteps = 3
        options.stages[0].learningRate = 0.05
        options.mostAnswerTokens = 6
        options.teacher = try teacher ?? fixture.files.answeringModel()
        return options
    }

    private func answers(_ options: TuneOptions) throws -> [JSONValue] {
        try String(contentsOfFile: options.output + "/tune/answers.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    private func bytes(_ options: TuneOptions) throws -> [Data] {
        try ["projections.safetensors", "adapter_model.safetensors", "tune/answers.jsonl"].map {
            try Data(contentsOf: URL(filePath: options.output + "/" + $0))
        }
    }

    @Test func theDatabaseGetsVectorsOfTheTeachersWidth() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let options = try options(fixture)
        let database = try fixture.open()
        let width = try database.collection().statistics().dimensions
        let report = try await fixture.tuner(database, options).run()

        let split = try TuneJournal(reading: options.output + "/tune/journal.json").split
        let texts = Dictionary(uniqueKeysWithValues: fixture.queries.map { ($0.id, $0.text) })
        let lines = try answers(options)
        // Those that are evaluated are not answered, and the answers are the old model's.
        #expect(lines.compactMap { $0["id"]?.stringValue }.sorted() == split.training.sorted())
        var generation = AnswerGenerator.Options()
        generation.maximumTokens = 6
        let generator = try AnswerGenerator(
            try AutoRegEmbedder(folder: URL(filePath: fixture.base)), options: generation)
        for line in lines {
            let query = try #require(line["query"]?.stringValue)
            #expect(query == texts[line["id"]?.stringValue ?? ""])
            try generator.answer([query]) { _, answer in
                #expect(line["answer"]?.stringValue == answer.text)
            }
        }
        #expect(report.answers?.rows == split.training.count && report.mining.rows == 0)
        #expect(report.stages.map(\.stage) == [.respond] && report.stages[0].steps == 3)
        try fixture.expectFigures(of: report, options)
        #expect(report.isReplaced)
        try database.close()

        let fresh = try fixture.open()
        let tuned = try AutoRegEmbedder(folder: URL(filePath: options.output))
        let teacher = try AutoRegEmbedder(folder: URL(filePath: try #require(options.teacher)))
        #expect(tuned.dimensions == teacher.dimensions && tuned.dimensions != width)
        try fixture.expectVectors(of: options.output, in: fresh)
        #expect(
            try await fresh.collection().query("air flows", limit: 5, mode: .dense).hits.count == 5)
        #expect(try await fresh.check().isSound)
        // Continued from there: the same method, refused by the other one.
        var other = fixture.options("other")
        other.stages.removeLast(2)
        await #expect(throws: TuneError.self) { try await fixture.tuner(fresh, other).run() }
        let again = try await fixture.tuner(fresh, try self.options(fixture, "again")).run()
        #expect(again.isReplaced && abs(again.before - report.after) < 1e-9)
        try fresh.close()
    }

    /// Stopped while it answers, with a line torn as a killed process leaves it, while it trains, and
    /// while the new model is measured.
    @Test func aStoppedRunEndsWithTheSameBytes() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let path = fixture.files.output("stopped.vdb")
        let whole = try options(fixture, "whole")
        do {
            let database = try fixture.open()
            try await database.backup(to: path)
            _ = try await fixture.tuner(database, whole).run()
            try database.close()
        }
        let options = try options(fixture, "stopped")
        let stops: [@Sendable (TuneProgress) -> Bool] = [
            { if case .answering = $0 { true } else { false } },
            {
                if case .training(.respond, .step(let step)) = $0 { step.step == 2 } else { false }
            },
            { if case .encoding(.after(.respond), _, _) = $0 { true } else { false } },
        ]
        for (place, stop) in stops.enumerated() {
            let database = try fixture.open(path: path)
            try await fixture.run(
                fixture.tuner(database, options), resuming: place > 0, until: stop)
            try database.close()
            if place == 0 {
                let file = URL(filePath: options.output + "/tune/answers.jsonl")
                let all = try Data(contentsOf: URL(filePath: whole.output + "/tune/answers.jsonl"))
                try all.prefix(all.count / 2).write(to: file)
            }
        }
        let database = try fixture.open(path: path)
        let report = try await fixture.tuner(database, options).run(resuming: true)
        #expect(try bytes(options) == bytes(whole))
        #expect(try database.collection().recordedEmbedder?.fingerprint == report.fingerprint)
        try database.close()
    }

    @Test func whatDoesNotFitIsRefusedBeforeAnythingIsWritten() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        defer { try? database.close() }
        let good = try options(fixture)
        func refused(_ error: TuneError, _ change: (inout TuneOptions) -> Void) async {
            var options = good
            change(&options)
            await #expect(throws: error) { try await fixture.tuner(database, options).run() }
        }
        await refused(.badOption(.stages, .stageOrder)) {
            $0.stages = [TuneOptions.Stage.recipe[2], .respond]
        }
        await refused(.badOption(.teacher, .missing)) { $0.teacher = nil }
        await refused(.badOption(.teacher, .needsRespond)) { $0.stages = TuneOptions.Stage.recipe }
        await refused(.badOption(.mostAnswerTokens, .outside(.count()))) { $0.mostAnswerTokens = 0 }
        let missing = try options(fixture, teacher: fixture.files.output("nobody"))
        await #expect(throws: (any Error).self) {
            try await fixture.tuner(database, missing).run()
        }
        #expect(!FileManager.default.fileExists(atPath: good.output))
        var resumed = good
        try await fixture.run(fixture.tuner(database, good)) {
            if case .answering = $0 { true } else { false }
        }
        resumed.mostAnswerTokens = 7
        await #expect(throws: TuneError.resumedDifferently(.option(.mostAnswerTokens))) {
            try await fixture.tuner(database, resumed).run(resuming: true)
        }
    }
}
