import Evaluation
import Training
import Tuning
import VectorDatabase

/// The examples of `Tuning.md`, compiled: tuning takes minutes.
enum Tuning {
    static func tune(
        _ database: Database, queries: [(id: String, text: String)], judgments: Judgments,
        output: String, teacher: String
    ) async throws {
        var options = TuneOptions(output: output, threads: 2)
        options.heldOutQueries = 100
        let tuner = Tuner(
            collection: database.collection(), queries: queries, judgments: judgments,
            options: options)
        let report = try await tuner.run()
        print(report.before, report.after, report.isReplaced)

        options.stages = []

        options.stages = [
            TuneOptions.Stage(.contrast, epochs: 1, batchSize: 32, learningRate: 2e-6)
        ]
        options.adapterRank = 16

        options.stages = [.respond]
        options.teacher = teacher
    }

    static func train() throws {
        var training = TrainingOptions(
            stage: .compress, model: "base", data: "rows.jsonl", output: "compressed", threads: 2)
        training.learningRate = 1e-4
        let summary = try Trainer.run(training, progress: { print($0) })
        print(summary)
    }
}
