import AutoRegEmbed
import Evaluation
import Foundation
import PostgresTestSupport
import Synchronization
import Testing
import Training
import VectorDatabase

@testable import Tuning

/// The whole recipe on a small database: its numbers, its end, its stops.
struct TuneTests {
    private func fingerprint(_ folder: String) throws -> String {
        let embedder: any Embedder = try AutoRegEmbedder(folder: URL(filePath: folder))
        return embedder.identity.fingerprint
    }

    private func bytes(_ options: TuneOptions) throws -> Data {
        try Data(contentsOf: URL(filePath: options.output + "/model.safetensors"))
    }

    @Test(arguments: zip([Metric.innerProduct, .cosine], [nil, 4] as [Int?]))
    func theDatabaseAnswersWithTheTunedModel(metric: Metric, rank: Int?) async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest(metric: metric)
        var options = fixture.options()
        options.adapterRank = rank
        // A reader that was given the old model, open all the while.
        let reader = try fixture.open(try AutoRegEmbedder(folder: URL(filePath: fixture.base)))
        defer { try? reader.close() }
        _ = try await reader.collection().query("air flows", limit: 5)

        let database = try fixture.open()
        let report = try await fixture.tuner(database, options).run()
        let split = try TuneJournal(reading: options.output + "/tune/journal.json").split
        let spared = try #require(split.validation).map(\.id)
        #expect(split.heldOut.count == 6 && spared.count == 4 && split.training.count == 14)
        #expect(Set(spared + split.heldOut.map(\.id)).isDisjoint(with: split.training))
        try fixture.expectFigures(of: report, options)
        #expect(report.stages.map(\.stage) == [.compress, .align, .contrast])
        #expect(report.stages.map(\.steps) == [3, 3, 3])
        // Chosen by the queries that were spared, not by those that the report is about.
        let best = try #require(report.stages.compactMap(\.validationNDCG).max())
        #expect(report.kept == report.stages.first { $0.validationNDCG == best }?.stage)
        #expect(
            abs(
                best
                    - (try fixture.ndcg(
                        of: options.output, queries: spared, judgments: fixture.judgments)))
                < 1e-9)
        let interval = (try #require(report.test.lower), try #require(report.test.upper))
        #expect(interval.0 <= report.after - report.before + 1e-12)
        #expect(interval.1 >= report.after - report.before - 1e-12)
        #expect(report.after == report.stages.first { $0.stage == report.kept }?.ndcg)
        #expect(report.isReplaced)
        #expect(try database.collection().recordedEmbedder?.fingerprint == report.fingerprint)
        #expect(try fingerprint(options.output) == report.fingerprint)
        #expect(try await database.check().isSound)
        // Hybrid search was measured as the database answers now.
        let questions = split.heldOut + (split.validation ?? [])
        let run = try await RetrievalExperiment(
            questions.map { .init(id: Identifier($0.id), text: $0.text) }, mode: .hybrid,
            isExact: true, depth: 10, name: "hybrid"
        ).run(in: database.collection())
        let measured = Measurements(
            of: run, against: QuerySplit.judgments(of: questions), measures: [NDCG(10)])
        #expect(report.search?.isAdopted != true)
        #expect(abs(try #require(report.hybrid).after - measured.means[0]) < 1e-9)
        try database.close()

        // A new process, told nothing: the vectors are the tuned model's.
        let fresh = try fixture.open()
        try fixture.expectVectors(of: options.output, in: fresh)
        let answer = try await fresh.collection().query("air flows", limit: 5, mode: .dense)
        let still = try await reader.collection().query("air flows", limit: 5, mode: .dense)
        #expect(still.hits == answer.hits)
        #expect(try fresh.collection().statistics().metric == metric)

        let names = try FileManager.default.contentsOfDirectory(atPath: options.output + "/tune")
        #expect(
            Set(names) == [
                "journal.json", "report.json", "compress.jsonl", "triples.jsonl", "lock",
                "compress.log.jsonl", "align.log.jsonl", "contrast.log.jsonl",
            ])
        #expect(try fixture.tuner(fresh, options).lossCurves().map(\.points.count) == [3, 3, 3])
        try fresh.close()
    }

    /// Where runs are stopped.
    enum Stop: String, CaseIterable, CustomTestStringConvertible {
        case copying, mining, compress, measuringCompress, align, contrast, measuringContrast

        var testDescription: String { rawValue }

        @Sendable func matches(_ progress: TuneProgress) -> Bool {
            switch (self, progress) {
            case (.copying, .copying), (.mining, .mining),
                (.measuringCompress, .encoding(.after(.compress), _, _)),
                (.measuringContrast, .encoding(.after(.contrast), _, _)):
                true
            case (.compress, .training(.compress, .step(let step))),
                (.align, .training(.align, .step(let step))),
                (.contrast, .training(.contrast, .step(let step))):
                step.step == 2
            default: false
            }
        }
    }

    @Test func aStoppedRunEndsWithTheSameBytes() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let backup = fixture.files.output("backup.vdb")
        let whole = fixture.options("whole")
        do {
            let database = try fixture.open()
            try await database.backup(to: backup)
            _ = try await fixture.tuner(database, whole).run()
            try database.close()
        }
        let expected = try TuneJournal(reading: whole.output + "/tune/journal.json")
        // One run, stopped at every place in turn.
        let path = fixture.files.output("stopped.vdb")
        try FileManager.default.copyItem(atPath: backup, toPath: path)
        let options = fixture.options("stopped")
        for (place, stop) in Stop.allCases.enumerated() {
            let database = try fixture.open(path: path)
            try await fixture.run(
                fixture.tuner(database, options), resuming: place > 0, until: stop.matches)
            #expect(
                try database.collection().recordedEmbedder?.fingerprint == expected.base.fingerprint
            )
            try database.close()
        }
        let database = try fixture.open(path: path)
        let report = try await fixture.tuner(database, options).run(resuming: true)
        let journal = try TuneJournal(reading: options.output + "/tune/journal.json")
        for name in ["triples.jsonl", "compress.jsonl"] {
            let texts = try [whole, options].map {
                try String(contentsOfFile: $0.output + "/tune/" + name, encoding: .utf8)
            }
            #expect(texts[0] == texts[1], "\(name)")
        }
        #expect(try bytes(options) == bytes(whole))
        #expect(journal.measurements.map(\.values) == expected.measurements.map(\.values))
        #expect(
            try database.collection().recordedEmbedder?.fingerprint == report.fingerprint)
        for stage in ["compress", "align", "contrast"] {
            let logs = try [whole, options].map {
                try LossCurve(
                    stage: .compress, log: $0.output + "/tune/\(stage).log.jsonl"
                ).points
            }
            #expect(logs[0].map(\.step) == [1, 2, 3] && logs[0] == logs[1])
        }
        // Resumed once more it only reports.
        #expect(try await fixture.tuner(database, options).run(resuming: true) == report)
        try database.close()
    }

    /// Encoded, not swapped; and swapped, not noted: the first progress after `replacing` comes
    /// before the transaction, the last after it; in PostgreSQL graphs are built between the two.
    @Test(arguments: [1, 2], TestStore.available)
    func aStopAroundTheSwapLeavesOneModelWithItsVectors(
        place: Int, on store: TestStore
    ) async throws {
        let fixture = try TuneFixture(on: store)
        defer { fixture.remove() }
        try await fixture.ingest()
        // One stage: its vectors are in the copy, so that progress comes at two moments.
        var options = fixture.options()
        options.stages = options.stages.filter { $0.stage == .contrast }
        let seen = Mutex((isReplacing: false, count: 0))
        let stop = place == 1 ? 1 : store == .file ? 2 : 3
        let database = try fixture.open()
        try await fixture.run(fixture.tuner(database, options)) { progress in
            seen.withLock { seen in
                if case .replacing = progress { seen.isReplacing = true }
                guard seen.isReplacing, case .encoding = progress else { return false }
                seen.count += 1
                return seen.count == stop
            }
        }
        try database.close()

        let tuned = try fingerprint(options.output)
        let expected = place == 1 ? try fingerprint(fixture.base) : tuned
        let between = try fixture.open()
        #expect(try between.collection().recordedEmbedder?.fingerprint == expected)
        #expect(try await between.check().isSound)
        let answer = try await between.collection().query("a wing", limit: 48, mode: .dense)
        #expect(answer.hits.count == 48)

        let report = try await fixture.tuner(between, options).run(resuming: true)
        #expect(report.isReplaced && report.fingerprint == tuned)
        #expect(try between.collection().recordedEmbedder?.fingerprint == tuned)
        #expect(try await between.check().isSound)
        try between.close()
    }

    /// The same data, so the same model, figures, search settings and vectors.
    @Test(.needsServer) func bothStoresEndTheSame() async throws {
        var reports: [TuneReport] = []
        var files: [[Data]] = []
        var vectors: [[[Float]?]] = []
        for store in TestStore.allCases {
            let fixture = try TuneFixture(on: store)
            defer { fixture.remove() }
            try await fixture.ingest()
            let options = fixture.options()
            let database = try fixture.open()
            // Another collection does not matter.
            var other = Document(id: "a", text: "the wing")
            other.vector = [1, 0]
            _ = try await database.collection("other").ingest([other])
            reports.append(try await fixture.tuner(database, options).run())
            files.append(
                try ["model.safetensors", "tune/triples.jsonl", "tune/compress.jsonl"].map {
                    try Data(contentsOf: URL(filePath: options.output + "/" + $0))
                })
            #expect(!FileManager.default.fileExists(atPath: options.output + "/tune/copy.vdb"))
            #expect(try await database.check().findings.allSatisfy { $0.severity == .remark })
            try database.close()
            let fresh = try fixture.open()
            #expect(
                try fresh.collection().recordedEmbedder?.fingerprint
                    == reports.last?.fingerprint)
            vectors.append(
                try fixture.documents.map {
                    try fresh.collection().document($0.id, includesVector: true)?.vector
                })
            try fresh.close()
        }
        #expect(reports[0].isReplaced && reports[1].isReplaced)
        #expect(reports[0].before == reports[1].before && reports[0].after == reports[1].after)
        #expect(reports[0].stages.map(\.ndcg) == reports[1].stages.map(\.ndcg))
        let searches = try reports.map { try #require($0.search) }
        #expect(searches[0].k1 == searches[1].k1 && searches[0].b == searches[1].b)
        #expect(searches[0].hybridWeight == searches[1].hybridWeight)
        #expect(searches[0].gain == searches[1].gain && searches[0].after == searches[1].after)
        #expect(reports[0].fingerprint == reports[1].fingerprint)
        #expect(files[0] == files[1])
        #expect(vectors[0] == vectors[1] && !vectors[0].contains(nil))
    }

    @Test func aWorseModelDoesNotTakeThePlaceOfABetter() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        let judgments = try await fixture.firstHits(in: database)
        var options = fixture.options()
        options.replacesWorse = false
        options.stages = options.stages.filter { $0.stage == .contrast }
        options.stages[0].learningRate = 0.05
        options.heldOutQueries = 12
        let tuner = fixture.tuner(database, options, judgments: judgments)
        let report = try await tuner.run()
        #expect(report.before == 1 && report.after < 1)
        #expect(!report.isReplaced)
        let base = try fingerprint(fixture.base)
        #expect(try database.collection().recordedEmbedder?.fingerprint == base)

        options.replacesWorse = true
        let forced = try await fixture.tuner(database, options, judgments: judgments)
            .run(resuming: true)
        #expect(forced.isReplaced && forced.after == report.after)
        #expect(try database.collection().recordedEmbedder?.fingerprint == forced.fingerprint)
        try database.close()
    }

    /// A model that is better in dense search and worse in hybrid search does not replace the old one.
    @Test func hybridSearchDecidesToo() {
        func measurement(_ values: [Double], hybrid: [Double]?) -> TuneJournal.Measurement {
            TuneJournal.Measurement(
                point: "x", values: values, validation: values, hybrid: hybrid, fingerprint: "x",
                seconds: 1)
        }
        let before = measurement([0.5, 0.5], hybrid: [0.6, 0.6, 0.6, 0.6])
        let same = measurement([0.9, 0.5], hybrid: [0.7, 0.5, 0.6, 0.6])
        let worse = measurement([0.9, 0.5], hybrid: [0.7, 0.5, 0.6, 0.4])
        let older = measurement([0.9, 0.5], hybrid: nil)
        let dense = measurement([0.5, 0.4], hybrid: [0.9, 0.9, 0.9, 0.9])
        #expect(
            [same, worse, older, dense].map { $0.isBetter(than: before) } == [
                true, false, true, false,
            ])
    }

    /// A stage that takes the model apart comes last; what was before it is kept, not what it made.
    @Test func theBestStageIsKeptNotTheLast() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        let judgments = try await fixture.firstHits(in: database)
        var options = fixture.options()
        options.heldOutQueries = 12
        options.stages = options.stages.filter { $0.stage != .compress }
        options.stages[0].learningRate = 0
        options.stages[1].learningRate = 0.5
        let report = try await fixture.tuner(database, options, judgments: judgments).run()
        #expect(report.stages.map(\.stage) == [.align, .contrast])
        #expect(report.stages[0].ndcg == 1 && report.stages[1].ndcg < 1)
        #expect(report.kept == .align && report.after == 1 && report.before == 1)
        #expect(try fingerprint(options.output) == report.fingerprint)
        // The decoder is found from the folder that the model now lies in.
        let kept = try AutoRegEmbedder(folder: URL(filePath: options.output))
        #expect(try kept.score(query: "air", documents: ["air flows"]).count == 1)

        // No better than before, so that without being forced the database keeps its model.
        options.replacesWorse = false
        options.output = fixture.files.output("unforced")
        try database.close()
        let second = try fixture.open(try AutoRegEmbedder(folder: URL(filePath: fixture.base)))
        try await second.collection().reindex(
            with: try AutoRegEmbedder(folder: URL(filePath: fixture.base)))
        let unforced = try await fixture.tuner(second, options, judgments: judgments).run()
        #expect(!unforced.isReplaced && unforced.kept == .align)
        #expect(
            try second.collection().recordedEmbedder?.fingerprint == fingerprint(fixture.base))
        try second.close()
    }

    /// A stage that takes the model apart is skipped: the next one starts from what was before it.
    @Test func aStageThatDoesNotHelpIsSkipped() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        defer { try? database.close() }
        let judgments = try await fixture.firstHits(in: database)
        var options = fixture.options()
        options.stages = options.stages.filter { $0.stage != .compress }
        options.stages[0].learningRate = 0.5
        options.stages[1].learningRate = 0
        let report = try await fixture.tuner(database, options, judgments: judgments).run()
        #expect(report.stages.map(\.helps) == [false, false])
        #expect(report.stages[0].ndcg < 1 && report.stages[1].ndcg == 1)
        #expect(report.kept == .contrast)
    }

    @Test func withoutTimeStagesAreLeftOut() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        defer { try? database.close() }
        var options = fixture.options("none")
        options.timeLimit = 1e-3
        options.replacesWorse = false
        let none = try await fixture.tuner(database, options).run()
        #expect(none.leftOut == [.compress, .align, .contrast] && none.stages.isEmpty)
        #expect(!none.isReplaced && none.after == none.before)
        // Without more time it is given fewer steps, or none.
        options = fixture.options("short")
        options.replacesWorse = false
        options.stages = options.stages.filter { $0.stage == .contrast }
        options.stages[0].mostSteps = nil
        options.stages[0].leastSteps = 1_000_000
        options.timeLimit = 8
        let short = try await fixture.tuner(database, options).run()
        if let stage = short.stages.first {
            #expect(stage.steps >= 5 && stage.steps < 1_000_000)
            #expect(
                try fixture.tuner(database, options).lossCurves()[0].points.count == stage.steps)
        } else {
            #expect(short.leftOut == [.contrast])
        }
    }

    @Test func aLongLimitChangesNothing() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        var weights: [Data] = []
        for limit in [nil, 1e6] as [Double?] {
            let path = fixture.files.output("\(limit ?? 0).vdb")
            try FileManager.default.copyItem(atPath: fixture.database, toPath: path)
            let database = try fixture.open(path: path)
            var options = fixture.options("\(limit ?? 0)")
            options.timeLimit = limit
            _ = try await fixture.tuner(database, options).run()
            weights.append(try bytes(options))
            try database.close()
            // Only a limit needs to know how long the new vectors will take.
            let journal = try TuneJournal(reading: options.output + "/tune/journal.json")
            #expect((journal.encodingSeconds ?? 0 > 0) == (limit != nil))
        }
        #expect(weights[0] == weights[1])
    }

    /// A run that version 0.1 finished: its last stage's model is in the output folder.
    @Test func aFinishedRunOfTheFirstVersionIsReported() async throws {
        let fixture = try TuneFixture()
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        var options = fixture.options()
        options.stages = options.stages.filter { $0.stage != .compress }
        let report = try await fixture.tuner(database, options).run()
        let path = URL(filePath: options.output + "/tune/journal.json")
        var journal = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        #expect(journal["version"] as? Int == 3)
        journal["version"] = nil
        journal["kept"] = nil
        // The earlier stage, whose model is gone, was the better one.
        var measurements = try #require(journal["measurements"] as? [[String: Any]])
        measurements[1]["values"] = [Double](repeating: 1, count: 6)
        measurements[2]["fingerprint"] = report.fingerprint
        journal["measurements"] = measurements
        try JSONSerialization.data(withJSONObject: journal).write(to: path)
        let again = try await fixture.tuner(database, options).run(resuming: true)
        #expect(again.kept == .contrast && again.isReplaced)
        #expect(again.fingerprint == report.fingerprint)
        #expect(
            try TuneJournal(reading: path.path).learningRate(options.stages[0]) == 256 * 5e-6 * 256)
        try database.close()
    }

    @Test(arguments: TestStore.available) func whatOthersWriteMeanwhileIsKept(on store: TestStore)
        async throws
    {
        let fixture = try TuneFixture(on: store)
        defer { fixture.remove() }
        try await fixture.ingest()
        let options = fixture.options()
        let database = try fixture.open()
        try await fixture.run(fixture.tuner(database), until: Stop.contrast.matches)
        let new = Document(id: "new", text: "a plane faster than air")
        let changed = Document(id: "d0", text: "below the wing")
        _ = try await database.collection().ingest([new, changed])
        try await database.collection().delete(["d47"])

        let report = try await fixture.tuner(database).run(resuming: true)
        #expect(report.isReplaced && report.documents == 48)
        #expect(try database.collection().count() == 48)
        let tuned = try AutoRegEmbedder(folder: URL(filePath: options.output))
        for document in [new, changed] {
            let stored = try database.collection().document(document.id, includesVector: true)
            let expected = try tuned.encode([document.text], instruction: .self_)[0].vector
            let found = try #require(stored?.vector)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
        #expect(try await database.check().isSound)
        try database.close()
    }

    @Test(arguments: TestStore.available) func aModelThatCameMeanwhileStays(on store: TestStore)
        async throws
    {
        let fixture = try TuneFixture(on: store)
        defer { fixture.remove() }
        try await fixture.ingest()
        let database = try fixture.open()
        try await fixture.run(fixture.tuner(database), until: Stop.contrast.matches)
        let other = fixture.files.output("other")
        try FileManager.default.copyItem(atPath: fixture.base, toPath: other)
        try Data("{\"compressed_tokens\": 2, \"max_length\": 32}".utf8).write(
            to: URL(filePath: other + "/autoregembed.json"))
        try await database.collection().reindex(
            with: try AutoRegEmbedder(folder: URL(filePath: other)))
        await #expect(
            throws: TuneError.modelReplacedMeanwhile(
                collection: "default", by: "other", tuned: fixture.options().output)
        ) {
            try await fixture.tuner(database).run(resuming: true)
        }
        #expect(try database.collection().recordedEmbedder?.fingerprint == fingerprint(other))
        try database.close()
    }

    @Test func aModelThatPoolsOtherwiseLearnsCompressedTokens() async throws {
        let fixture = try TuneFixture(model: "bare")
        defer { fixture.remove() }
        try Data(#"{"compressed_tokens": 2, "max_length": 64, "pooling": "mean"}"#.utf8).write(
            to: URL(filePath: fixture.base + "/autoregembed.json"))
        try await fixture.ingest()
        let options = fixture.options()
        let database = try fixture.open()
        let report = try await fixture.tuner(database).run()
        try fixture.expectFigures(of: report, options)
        let settings = try database.collection().recordedEmbedder?.settings
        #expect(settings?["pooling"] == .string("compressed"))
        try database.close()
    }
}
