import Foundation
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
            case .respond: "answers.jsonl"
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

    /// Options of the cases in make_respond.py: from an LLM2Vec-Gen folder, with a teacher's vectors.
    package func respondOptions(output: String = "out") throws -> TrainingOptions {
        var options = try options(.respond, model: answeringModel(), output: output)
        options.teacherVectors = try Self.path("teacher.npy")
        return options
    }

    /// A copy of tiny/ with what makes it an LLM2Vec-Gen folder.
    package func answeringModel() throws -> String {
        let folder = self.output("answering")
        guard !FileManager.default.fileExists(atPath: folder) else { return folder }
        try FileManager.default.copyItem(atPath: Self.path("tiny"), toPath: folder)
        try FileManager.default.removeItem(atPath: folder + "/autoregembed.json")
        for name in [
            "autoregembed.json", "projections.safetensors", "adapter_config.json",
            "adapter_model.safetensors",
        ] {
            try FileManager.default.copyItem(
                atPath: Self.path("gen/" + name), toPath: folder + "/" + name)
        }
        return folder
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
