import AutoRegEmbed
import Evaluation
import Foundation
import Testing
import TrainingTestSupport
import Training
import Tuning

/// nDCG@10 on a judged folder in the middle of a run.
struct TrainingEvaluationTests {
    /// A BEIR folder of documents, no two alike, that the tiny model tells apart somehow.
    private func collection(_ fixture: TrainingFixture) throws -> String {
        let words = "the wing of a plane lifts it when air flows faster above than below"
            .split(separator: " ").map(String.init)
        func sentence(_ number: Int, _ length: Int) -> String {
            (0..<length).map { words[(number * 5 + $0 * $0 * (number % 3 + 1)) % words.count] }
                .joined(separator: " ")
        }
        try FileManager.default.createDirectory(
            atPath: fixture.output("judged/qrels"), withIntermediateDirectories: true)
        var corpus = ""
        // The id q2 is a query's as well, and its text too: no ranking may hold it.
        corpus += #"{"_id":"q2","title":"","text":"\#(sentence(2, 4))"}"# + "\n"
        for number in 0..<30 {
            corpus += #"{"_id":"d\#(number)","title":"t","text":"\#(sentence(number, 6))"}"# + "\n"
        }
        var queries = ""
        var qrels = "query-id\tcorpus-id\tscore\n"
        for number in 0..<6 {
            queries += #"{"_id":"q\#(number)","text":"\#(sentence(number, 4))"}"# + "\n"
            qrels += "q\(number)\td\(number)\t2\nq\(number)\td\(number + 9)\t1\n"
        }
        // Judged, but without a text: counts as 0.
        qrels += "q9\td1\t1\n"
        _ = try fixture.write(corpus, "judged/corpus.jsonl")
        _ = try fixture.write(queries, "judged/queries.jsonl")
        _ = try fixture.write(qrels, "judged/qrels/test.tsv")
        return fixture.output("judged")
    }

    /// The same measure by the embedder that users run, comparing everything with everything.
    ///
    /// Training and inference sum in different orders, and so do different kernels: scores that differ
    /// by rounding only may be ranked either way. What comes back is the measure of the worst and of
    /// the best such ranking.
    private func bruteForce(
        model: String, collection folder: String
    ) throws -> ClosedRange<Double> {
        let embedder = try AutoRegEmbedder(folder: URL(filePath: model))
        let collection = try TestCollection(folder: URL(filePath: folder))
        let lines = try String(contentsOf: collection.corpus, encoding: .utf8)
        let documents = try lines.split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        }
        let texts = documents.map {
            "\($0["title"] ?? "") \($0["text"] ?? "")".trimmingCharacters(in: .whitespaces)
        }
        let vectors = try embedder.encode(texts, instruction: .self_).map(\.vector)
        let asked = try embedder.encode(
            collection.queries.map(\.text), instruction: .next
        ).map(\.vector)
        // Grades 0 and 2 are moved apart, or past each other, by twice what rounding does.
        func measure(moving rounding: Float) -> Double {
            var run = Run()
            for (query, vector) in zip(collection.queries, asked) {
                run[query.id] = documents.indices.filter {
                    documents[$0]["_id"] != query.id.text
                }.map {
                    let id = Identifier(documents[$0]["_id"] ?? "")
                    let grade = collection.judgments[query.id][id] ?? 0
                    return Run.Hit(
                        document: id,
                        score: zip(vector, vectors[$0]).reduce(0) { $0 + $1.0 * $1.1 }
                            + rounding * Float(grade - 1))
                }
            }
            return Measurements(
                of: run, against: collection.judgments, measures: [NDCG(10)]
            ).means[0]
        }
        return measure(moving: -Self.rounding)...measure(moving: Self.rounding)
    }

    /// Of an inner product of unit vectors in float32, by some hundred sums one after another.
    private static let rounding: Float = 1e-5

    @Test(arguments: [nil, 4] as [Int?])
    func itMeasuresTheModelAsItIsAndChangesNothing(rank: Int?) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast, output: "without")
        options.adapterRank = rank
        options.adapterDropout = rank == nil ? 0 : 0.2
        options.learningRate = 3e-2
        let without = try fixture.losses(options, log: fixture.output("without.jsonl"))

        options.output = fixture.output("with")
        let folder = try collection(fixture)
        options.evaluationSteps = 3
        let log = fixture.output("with.jsonl")
        var points: [RetrievalPoint] = []
        let summary = try Trainer.run(
            options, evaluation: RetrievalEvaluation.onFolder(folder), log: log,
            progress: { if case .evaluated("judged", let point) = $0 { points.append(point) } })
        // Before the first step, after every third, and after the last.
        #expect(points.map(\.step) == [0, 3, 4])
        #expect(summary.retrieval == points)
        for name in [
            "model.safetensors", rank == nil ? "config.json" : "adapter_model.safetensors",
        ] {
            let first = try Data(contentsOf: URL(filePath: fixture.output("without/\(name)")))
            #expect(try Data(contentsOf: URL(filePath: fixture.output("with/\(name)"))) == first)
        }
        let steps = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(steps.map { ($0["loss"] as? NSNumber)?.floatValue } == without)
        let logged = steps.map { ($0["ndcg_cut_10"] as? NSNumber)?.floatValue }
        #expect(logged == [nil, nil, Float(points[1].ndcgAt10), Float(points[2].ndcgAt10)])

        let before = try bruteForce(model: TrainingFixture.path("tiny"), collection: folder)
        let after = try bruteForce(model: options.output, collection: folder)
        #expect(before.contains(points[0].ndcgAt10))
        #expect(after.contains(points[2].ndcgAt10))
        // Few scores are that close, so that another model's measure would be noticed.
        #expect(!before.overlaps(after))
    }

    @Test func aResumedRunMeasuresWhatIsLeft() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast, output: "whole")
        let evaluation = RetrievalEvaluation.onFolder(try collection(fixture))
        options.evaluationSteps = 1
        let whole = try Trainer.run(options, evaluation: evaluation)
        options.output = fixture.output("parts")
        options.saveSteps = 10
        #expect(throws: TrainingError.self) {
            var steps = 0
            _ = try Trainer.run(
                options, evaluation: evaluation, isCancelled: { steps >= 2 },
                progress: { if case .step = $0 { steps += 1 } })
        }
        let rest = try Trainer.run(options, evaluation: evaluation, resuming: true)
        #expect(rest.retrieval == whole.retrieval)
    }

    @Test func aFolderThatCannotBeMeasuredStopsTheRunBeforeItBegins() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(.contrast)
        let nowhere = RetrievalEvaluation.onFolder(fixture.output("nowhere"))
        #expect(throws: EvaluationError.self) { try Trainer.run(options, evaluation: nowhere) }
        #expect(!FileManager.default.fileExists(atPath: options.output))
        options.evaluationSteps = 2
        #expect {
            try Trainer.run(options)
        } throws: { error in
            guard
                case TrainingError.badOption(.evaluationSteps, .withoutEvaluation) = error
            else { return false }
            return true
        }
        let pretraining = try fixture.options(.pretrain)
        #expect {
            try Trainer.run(
                pretraining, evaluation: RetrievalEvaluation.onFolder(try collection(fixture)))
        } throws: { error in
            guard case TrainingError.evaluatesLanguageModel = error else { return false }
            return true
        }
    }
}
