import Foundation
import Testing
import TrainingTestSupport

@testable import Training

/// An epoch's last batch, which may be shorter.
struct ShortBatchTests {
    /// Its loss is the mean over its own rows, as of a file that holds only these.
    @Test(arguments: [
        (TrainingStage.compress, "instructions.jsonl"), (.align, "rows.jsonl"),
        (.contrast, "rows.jsonl"), (.pretrain, "texts.jsonl"),
    ])
    func theLastBatchIsAveragedOverItsRows(stage: TrainingStage, name: String) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        var options = try fixture.options(stage)
        // Nothing moves, so that the order of the batches does not matter.
        options.learningRate = 0
        options.batchSize = 3
        options.maximumSteps = nil
        options.epochs = 2
        let all = try fixture.losses(options)
        let lines = try String(contentsOfFile: options.data, encoding: .utf8)
            .split(separator: "\n")
        // Rows of pre-training may be cut into several sequences; there are as many here.
        let perEpoch = (lines.count + 2) / 3
        #expect(lines.count % 3 != 0 && all.count == 2 * perEpoch)
        let rest = lines.suffix(lines.count % 3).joined(separator: "\n")
        options.data = try fixture.write(rest, name)
        options.epochs = 1
        let last = try fixture.losses(options)
        #expect(last.count == 1)
        for loss in [all[perEpoch - 1], all[2 * perEpoch - 1]] {
            #expect(abs(loss - last[0]) <= 1e-5 * max(1, abs(last[0])))
        }
    }

    /// Rows are counted once, whichever of their texts is cut and however often they are read.
    @Test(arguments: [TrainingStage.compress, .align, .contrast])
    func rowsThatAreCutAreCounted(stage: TrainingStage) throws {
        let fixture = try TrainingFixture()
        defer { fixture.remove() }
        let long = (0..<90).map { _ in "wing" }.joined(separator: " ")
        let texts = [("air", "flows", "it"), (long, "flows", "it"), ("air", long, long + " air")]
        let data = try fixture.write(
            texts.map { #"{"query":"\#($0.0)","pos":["\#($0.1)"],"neg":["\#($0.2)"]}"# }
                .joined(separator: "\n"), "rows.jsonl")
        var options = try fixture.options(stage, data: data)
        options.batchSize = 2
        options.maximumSteps = nil
        options.epochs = 3
        // The model's own limit is 64 tokens.
        #expect(try Trainer.run(options, overwriting: true).rowsCut == 2)
        options.maximumLength = 4096
        #expect(try Trainer.run(options, overwriting: true).rowsCut == 0)
        // A resumed run has counted what it read before.
        options.maximumLength = nil
        options.saveSteps = 1
        #expect(throws: TrainingError.self) { try fixture.losses(options, stoppingAfter: 3) }
        #expect(try Trainer.run(options, overwriting: true, resuming: true).rowsCut == 2)
    }
}
