import Foundation
import TestSupport
import TestSupport
import Testing
import Training

/// The tiny model and data of Fixtures/make_fixtures.py, and a scratch folder for one test.
package struct TrainingFixture {
    private let temporary = TemporaryFolder()
    package var scratch: URL { temporary.url }

    package init() throws {}

    package func remove() { try? FileManager.default.removeItem(at: scratch) }

    private static let fixtures = URL(fileURLWithPath: #filePath)
        .appendingPathComponent("../../TrainingTests/Fixtures").standardizedFileURL

    package static func path(_ name: String) throws -> String {
        let url = fixtures.appendingPathComponent(name)
        return try #require(FileManager.default.fileExists(atPath: url.path) ? url.path : nil)
    }

    package func output(_ name: String) -> String { scratch.appendingPathComponent(name).path }

    /// The options of the script's cases.
    package func options(
        _ stage: TrainingStage, model: String? = nil, data: String? = nil, output: String = "out"
    ) throws -> TrainingOptions {
        let usual =
            switch stage {
            case .pretrain: "texts.jsonl"
            case .compress: "instructions.jsonl"
            case .align, .contrast: "rows.jsonl"
            }
        var options = TrainingOptions(
            stage: stage, model: try model ?? Self.path("tiny"),
            data: try data ?? Self.path(usual), output: self.output(output), threads: 2)
        options.batchSize = 2
        options.maximumSteps = 4
        options.learningRate = 1e-3
        options.warmupRatio = 0
        options.schedule = .constant
        options.weightDecay = 0.01
        options.shuffles = false
        options.negatives = 2
        options.precision = .float32
        return options
    }

    /// The losses of a run.
    package func losses(
        _ options: TrainingOptions, log: String? = nil, resuming: Bool = false,
        stoppingAfter last: Int = .max
    ) throws -> [Float] {
        var losses: [Float] = []
        _ = try Trainer.run(
            options, log: log, overwriting: true, resuming: resuming,
            isCancelled: { losses.count >= last },
            progress: { if case .step(let step) = $0 { losses.append(step.loss) } })
        return losses
    }

    package func write(_ text: String, _ name: String) throws -> String {
        let url = scratch.appendingPathComponent(name)
        try Data(text.utf8).write(to: url)
        return url.path
    }
}
