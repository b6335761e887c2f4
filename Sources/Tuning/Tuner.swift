import AutoRegEmbed
import Evaluation
import Foundation
import Training
import VectorDatabase

/// Trains the model of a collection on relevance judgments, and re-encodes the collection with it.
///
/// ```swift
/// let tuner = Tuner(
///     collection: database.collection(), queries: queries, judgments: judgments,
///     options: TuneOptions(output: "models/tuned", threads: 2))
/// let report = try await tuner.run()
/// print(report.before, report.after, report.isReplaced)
/// ```
///
/// A run that was cancelled or killed continues with `run(resuming: true)` and writes the same
/// bytes. Until the end the database answers with its old model; one transaction then switches to
/// the new one. Other processes may read and write it meanwhile.
public struct Tuner: Sendable {
    /// The collection to tune, in a database opened for writing.
    public let collection: DocumentCollection
    /// Texts of the judged queries; others are ignored.
    public let queries: [(id: String, text: String)]
    /// Grades of documents by query; a grade above 0 means relevant.
    public let judgments: Judgments
    /// What to train and where to write it.
    public let options: TuneOptions
    /// The built-in model, needed if the collection uses it, since it has no folder.
    public let builtIn: ModelResource?

    /// Opens the model at ``TuneOptions/teacher``, for the stage respond; by default language models
    /// alone, while the module `Encoder` has a function that opens encoders, too.
    public var openTeacher: @Sendable (_ path: String) throws -> any ModelEmbedder = {
        try AutoRegEmbedder(folder: URL(filePath: $0))
    }

    /// Options are checked by ``run(resuming:progress:)``.
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

    /// The losses of the stages trained so far, in order.
    ///
    /// - Throws: `TrainingError.cannotRead`
    public func lossCurves() throws -> [LossCurve] {
        let folder = TuneFolder(output: options.output)
        return try options.stages.map(\.stage)
            .filter { FileManager.default.fileExists(atPath: folder.log($0)) }
            .map { try LossCurve(stage: $0, log: folder.log($0)) }
    }

    /// Fits how the collection is searched, mines negatives or lets the model answer, trains and
    /// evaluates each stage, and replaces the collection's model by that of the best stage if it beats
    /// the old one on the held-out queries.
    ///
    /// - Parameter resuming: continue the run in the output folder. If it has finished, its report
    ///   is returned, and with `options.replacesWorse` a model that was not used because it is
    ///   worse replaces the collection's after all.
    /// - Throws: `TuneError`, `TrainingError`, `DatabaseError`; `CancellationError` or
    ///   `TrainingError.interrupted` if the task is cancelled.
    public func run(
        resuming: Bool = false, progress: @escaping @Sendable (TuneProgress) -> Void = { _ in }
    ) async throws -> TuneReport {
        var run = try await TuneRun(self, resuming: resuming, progress: progress)
        try await run.measure(.before)
        try await run.fitSearch(.before)
        try await run.mine()
        try await run.answer()
        for stage in options.stages {
            try await run.train(stage)
            if run.isLeftOut(stage.stage) { continue }
            try await run.measure(.after(stage.stage))
        }
        try run.keepBest()
        try await run.replaceModel()
        if let stage = run.replacedBy { try await run.fitSearch(.after(stage)) }
        try run.applySearch()
        return try run.finish()
    }
}
