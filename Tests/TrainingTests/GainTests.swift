import AutoRegEmbed
import Foundation
import Testing
import TrainingTestSupport

@testable import Training

/// The gain of compression against log-probabilities that inference computes, by code of its own.
struct GainTests {
    private func gains(_ options: TrainingOptions) throws -> [Int: Double] {
        var gains: [Int: Double] = [:]
        _ = try Trainer.run(
            options, overwriting: true,
            progress: { if case .step(let step) = $0 { gains[step.step] = step.gain } })
        return gains
    }

    private let texts = [
        "the wing lifts", "air flows faster above the wing", "a plane", "when it flows below",
        "faster than the air", "of it", "a wing of a plane lifts it", "above", "it flows when",
        "the air below the plane", "than a wing", "lifts",
    ]

    private func rows(outputs: [String]) -> String {
        zip(texts, outputs).map {
            #"{"context":"\#($0)","instruction":"Summarise.","output":"\#($1)"}"#
        }.joined(separator: "\n")
    }

    @Test func compressionsGainIsWhatInferenceComputes() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var outputs = texts.map { String($0.reversed()) }
        // The second row's neighbor has the same target, so that the one after it is compared.
        outputs[2] = outputs[1]
        let data = try fixture.write(rows(outputs: outputs), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.batchSize = 12
        let measured = try #require(try gains(options)[1])

        let embedder = try AutoRegEmbedder(folder: URL(filePath: TrainingFixture.path("tiny")))
        var sum = 0.0
        var count = 0
        // A third of the batch.
        for (own, other) in [(0, 1), (1, 3), (2, 3), (3, 0)] {
            let scores = try [own, other].map { row in
                try embedder.score(
                    query: texts[row], documents: [outputs[own]],
                    instruction: .custom("Summarise."))[0]
            }
            sum += scores[0].logProbability - scores[1].logProbability
            count += scores[0].tokenCount
        }
        #expect(abs(sum / Double(count)) > 1e-3, "the case tells something")
        #expect(abs(measured - sum / Double(count)) < 1e-5)
    }

    @Test(arguments: [AlignmentStrategy.documentGivenQuery, .queryGivenDocument])
    func alignmentsGainIsOfTextsThemselves(strategy: AlignmentStrategy) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(
            (0..<6).map {
                #"{"query":"\#(texts[$0])","pos":["\#(texts[$0 + 6])"],"neg":["air"]}"#
            }.joined(separator: "\n"), "rows.jsonl")
        var options = try fixture.options(.align, data: data)
        options.batchSize = 6
        options.strategy = strategy
        let measured = try #require(try gains(options)[1])

        let embedder = try AutoRegEmbedder(folder: URL(filePath: TrainingFixture.path("tiny")))
        let first = strategy == .queryGivenDocument ? 0 : 6
        var sum = 0.0
        var count = 0
        for (own, other) in [(first, first + 1), (first + 1, first)] {
            let scores = try [own, other].map { row in
                try embedder.score(
                    query: texts[row], documents: [texts[own]], instruction: .self_)[0]
            }
            sum += scores[0].logProbability - scores[1].logProbability
            count += scores[0].tokenCount
        }
        #expect(abs(measured - sum / Double(count)) < 1e-5)
    }

    /// Compressed tokens that are the same for every text tell one target from another by nothing.
    @Test func textsThatAreTheSameGainNothing() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(
            texts.map { #"{"context":"air","instruction":"a","output":"\#($0)"}"# }
                .joined(separator: "\n"), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.batchSize = 12
        for gain in try gains(options).values { #expect(abs(gain) < 1e-6) }
    }

    @Test func aBatchOfOneTargetHasNoGain() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(rows(outputs: texts.map { _ in "air" }), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.batchSize = 12
        #expect(try gains(options).isEmpty)
        options.data = try fixture.write(rows(outputs: texts), "other.jsonl")
        options.batchSize = 1
        #expect(try gains(options).isEmpty)
    }

    @Test func theFirstEveryTenthAndTheLastStepAreMeasured() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        for (stage, expected): (TrainingStage, [Int]) in [
            (.compress, [1, 10, 20, 23]), (.align, [1, 10, 20, 23]), (.contrast, []),
            (.pretrain, []),
        ] {
            var options = try fixture.options(stage)
            options.maximumSteps = 23
            #expect(try gains(options).keys.sorted() == expected)
        }
    }

    /// Training on few rows, which the model then knows by heart, raises the gain.
    @Test func trainingRaisesTheGain() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(rows(outputs: texts), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.batchSize = 6
        options.maximumSteps = 60
        options.learningRate = 1e-2
        let summary = try Trainer.run(options, overwriting: true)
        let gain = try #require(summary.gain)
        #expect(gain.last > gain.first + 0.3, "\(gain)")
    }

    @Test func samplesBeyondTheTokensAtOnceAreLeftOut() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(rows(outputs: texts), "rows.jsonl")
        var options = try fixture.options(.compress, data: data)
        options.batchSize = 12
        let all = try #require(try gains(options)[1])
        options.microBatchTokens = 1
        let two = try #require(try gains(options)[1])
        options.microBatchTokens = 16_384
        options.batchSize = 6
        #expect(try gains(options)[1] == two)
        #expect(all != two)
    }
}
