import AutoRegEmbed
import Foundation
import Testing
import TrainingTestSupport

@testable import Training

/// A text that equals a positive is never its negative.
struct EqualTextTests {
    private func run(
        _ stage: TrainingStage, _ rows: [String],
        _ change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> (losses: [Float], leftOut: Int, summary: Trainer.Summary) {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let data = try fixture.write(rows.joined(separator: "\n"), "rows.jsonl")
        var options = try fixture.options(stage, data: data)
        options.batchSize = rows.count
        options.maximumSteps = 2
        options.learningRate = 0
        change(&options)
        var losses: [Float] = []
        var leftOut = 0
        let summary = try Trainer.run(
            options,
            progress: {
                if case .negativesLeftOut(let count) = $0 { leftOut = count }
                if case .step(let step) = $0 { losses.append(step.loss) }
            })
        return (losses, leftOut, summary)
    }

    @Test(arguments: [TrainingStage.align, .contrast])
    func amongARowsOwnNegatives(stage: TrainingStage) throws {
        let clean = try run(stage, [#"{"query":"the wing","pos":["air"],"neg":["a plane"]}"#])
        #expect(clean.leftOut == 0 && clean.summary.negativesLeftOut == 0)
        let copied = try run(
            stage, [#"{"query":"the wing","pos":["air"],"neg":["air","a plane"]}"#])
        #expect(copied.losses == clean.losses)
        #expect(copied.leftOut == 1 && copied.summary.negativesLeftOut == 1)
        // One of several positives, which the run does not use.
        let several = try run(
            stage, [#"{"query":"the wing","pos":["air","it flows"],"neg":["it flows","a plane"]}"#])
        #expect(several.losses == clean.losses && several.leftOut == 1)
    }

    @Test func aRowWhoseNegativesAreAllPositivesIsRefused() throws {
        #expect {
            try run(
                .contrast,
                [
                    #"{"query":"the wing","pos":["air"],"neg":["a plane"]}"#,
                    #"{"query":"the wing","pos":["air"],"neg":["air","air"]}"#,
                ])
        } throws: { error in
            guard case TrainingError.badLine(_, 2, .onlyPositives(key: "neg")) = error else {
                return false
            }
            return true
        }
    }

    /// Swift's `==` takes é as one scalar and as two for the same; a tokenizer does not.
    @Test func whatIsEqualIsDecidedByBytes() throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let row = "{\"query\":\"q\",\"pos\":\"caf\u{E9}\",\"neg\":[\"cafe\u{301}\",\"caf\u{E9}\"]}"
        let data = try TrainingData(
            path: fixture.write(row, "row.jsonl"), stage: .contrast, needsNegative: true)
        guard case .pair(_, _, let negatives, _, let leftOut) = try data.row(0) else {
            Issue.record("no pair")
            return
        }
        #expect(negatives.map { Array($0.utf8) } == [Array("cafe\u{301}".utf8)] && leftOut == 1)
        #expect(TextBytes("caf\u{E9}") != TextBytes("cafe\u{301}"))
    }

    private static let batch: [(query: String, positives: [String], negative: String)] = [
        ("the wing of a plane", ["air flows faster"], "below"),
        ("it lifts", ["air flows faster"], "a plane"),
        // Its negative is the others' positive, and its second positive another's negative.
        ("faster than air", ["above", "a plane"], "air flows faster"),
    ]

    /// InfoNCE over the batch by the embedder that users run: each row's documents, and those of
    /// the others that are no positive of the row.
    private static func expectedLoss() throws -> Float {
        let embedder = try AutoRegEmbedder(folder: URL(filePath: TrainingFixture.path("tiny")))
        func vector(_ text: String, _ instruction: Instruction) throws -> [Float] {
            try embedder.encode([text], instruction: instruction)[0].vector
        }
        var total = 0.0
        for (place, row) in batch.enumerated() {
            let query = try vector(row.query, .next)
            var texts = [row.positives[0], row.negative]
            for (other, others) in batch.enumerated() where other != place {
                texts += [others.positives[0], others.negative].filter {
                    !row.positives.contains($0)
                }
            }
            let scores = try texts.map { text in
                zip(query, try vector(text, .self_)).reduce(0.0) { $0 + Double($1.0 * $1.1) } / 0.02
            }
            let greatest = scores.max() ?? 0
            total +=
                greatest + log(scores.reduce(0) { $0 + exp($1 - greatest) }) - scores[0]
        }
        return Float(total / Double(batch.count))
    }

    @Test(arguments: [nil, 1, 2] as [Int?])
    func amongTheTextsOfOtherRows(microBatch: Int?) throws {
        let rows = try Self.batch.map { row in
            let object: [String: Any] = [
                "query": row.query, "pos": row.positives, "neg": [row.negative],
            ]
            return String(
                decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        }
        let (losses, _, summary) = try run(.contrast, rows) {
            $0.usesInBatchNegatives = true
            $0.microBatchSize = microBatch
        }
        let expected = try Self.expectedLoss()
        #expect(losses.allSatisfy { abs($0 - expected) < 1e-3 }, "\(losses), expected \(expected)")
        // The first two rows leave out two texts each, the third one: in each of two steps.
        #expect(summary.inBatchLeftOut == 10)
    }
}
