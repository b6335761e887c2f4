import AutoRegEmbed
import Evaluation
import Foundation
import Training
import VectorDatabase

/// Trains the model of a collection on its users' judgments, and re-encodes the collection by it.
///
/// ```swift
/// let tuner = Tuner(
///     collection: database.collection(), queries: queries, judgments: judgments,
///     options: TuneOptions(output: "models/tuned", threads: 2))
/// let report = try await tuner.run()
/// print(report.before, report.after, report.isReplaced)
/// ```
///
/// A run that was cancelled or killed continues with `run(resuming: true)` and ends with the same
/// bytes. Until the end the database answers with its old model; then, in one transaction, with the
/// new one. Other processes may read and write it all the while.
public struct Tuner: Sendable {
    public let collection: DocumentCollection
    public let queries: [(id: String, text: String)]
    public let judgments: Judgments
    public let options: TuneOptions
    /// The model that has no folder, if the collection was encoded by it.
    public let builtIn: ModelResource?

    public init(
        collection: DocumentCollection, queries: [(id: String, text: String)],
        judgments: Judgments, options: TuneOptions, builtIn: ModelResource? = nil
    ) {
        self.collection = collection
        self.queries = queries
        self.judgments = judgments
        self.options = options
        self.builtIn = builtIn
    }

    /// Whether a folder holds a run that can be resumed.
    public static func hasRun(in output: String) -> Bool {
        FileManager.default.fileExists(atPath: TuneFolder(output: output).journal)
    }

    /// The losses of the stages that have been trained so far, in their order.
    ///
    /// - Throws: `TrainingError.cannotRead`
    public func lossCurves() throws -> [LossCurve] {
        let folder = TuneFolder(output: options.output)
        return try options.stages.map(\.stage)
            .filter { FileManager.default.fileExists(atPath: folder.log($0)) }
            .map { try LossCurve(stage: $0, log: folder.log($0)) }
    }

    /// The recipe, from judgments to a database with a better model: that of the stage after which
    /// retrieval for the held-out queries is best, if it is better than before.
    ///
    /// - Parameter resuming: continue the run in the output folder, which may also have ended:
    ///   its report comes back, and with `options.replacesWorse` a model that was held back takes
    ///   its place after all.
    /// - Throws: `TuneError`, `TrainingError`, `DatabaseError`; `CancellationError` or
    ///   `TrainingError.interrupted` if the task is cancelled.
    public func run(
        resuming: Bool = false, progress: @escaping @Sendable (TuneProgress) -> Void = { _ in }
    ) async throws -> TuneReport {
        var run = try await TuneRun(self, resuming: resuming, progress: progress)
        try await run.measure(.before)
        try await run.mine()
        for stage in options.stages {
            try await run.train(stage)
            try await run.measure(.after(stage.stage))
        }
        try run.keepBest()
        try await run.replaceModel()
        return try run.finish()
    }
}
