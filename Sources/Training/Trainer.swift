import FileFormat
import Foundation
import Tensors
import Transformer

/// Runs one stage of training from a model folder to a model folder.
///
/// ```swift
/// var options = TrainingOptions(
///     stage: .compress, model: "base", data: "rows.jsonl", output: "compressed", threads: 2)
/// options.learningRate = 1e-4
/// let summary = try Trainer.run(options, progress: { print($0) })
/// ```
///
/// The losses and the bytes written are a function of the options, the data and the model; a run
/// that was killed and is resumed from its last saved state ends with the same.
public enum Trainer {
    /// What a run did.
    public struct Summary: Sendable, Equatable {
        /// Nothing was done: the run to be resumed had come to its end.
        public var wasFinished = false
        public let steps: Int
        public let firstLoss: Float?
        public let lastLoss: Float?
        public let tokens: Int
        public let seconds: Double
        public let peakBytes: Int
        /// nDCG@10 by the run's evaluation, in the order of the steps.
        public var retrieval: [RetrievalPoint] = []
        /// Negatives of the data that equal a positive of their row, and were left out.
        public var negativesLeftOut = 0
        /// How often a text of another row was no in-batch negative because it equals a positive.
        public var inBatchLeftOut = 0
    }

    /// Calls `body` with the bytes that could not be allocated if the system refuses memory: nothing can
    /// be computed from there on. Unless this is called, the process ends with a failed precondition.
    public static func whenOutOfMemory(_ body: @escaping @Sendable (_ bytes: Int) -> Never) {
        OutOfMemory.handle(body)
    }

    /// Makes sure that a run replaces no model that somebody may want to keep.
    ///
    /// - Throws: `TrainingError.outputExists` if the folder holds a model, or the configuration of
    ///   one, that is neither this run's to resume nor to be overwritten.
    public static func checkOutput(
        _ folder: String, overwriting: Bool, resuming: Bool
    ) throws(TrainingError) {
        if overwriting
            || resuming && (TrainingState.exists(folder) || TrainingRecord.exists(folder))
        {
            return
        }
        let files = ["config.json", SavedAdapter.configurationName]
        guard !files.contains(where: { FileManager.default.fileExists(atPath: folder + "/" + $0) })
        else { throw .outputExists(path: folder) }
    }

    /// Runs a stage.
    ///
    /// - Parameters:
    ///   - evaluation: measures nDCG@10 before the first step and after the last, and as
    ///     `evaluationSteps` says.
    ///   - log: a JSON Lines file for one object a step.
    ///   - overwriting: whether the output folder may hold a model, which the new one replaces.
    ///   - resuming: continue from the state that an earlier run of the same options saved; begin
    ///     with step 1 if nothing was saved, and do nothing if that run is finished.
    ///   - isCancelled: asked before each step; true saves the state and throws
    ///     `TrainingError.interrupted`.
    /// - Throws: `TrainingError`, and what `evaluation` throws.
    public static func run(
        _ options: TrainingOptions, evaluation: ModelEvaluationMaker? = nil,
        log: String? = nil, overwriting: Bool = false, resuming: Bool = false,
        isCancelled: () -> Bool = { false },
        progress: (TrainingProgress) throws -> Void = { _ in }
    ) throws -> Summary {
        try options.validate(isEvaluated: evaluation != nil)
        try checkOutput(options.output, overwriting: overwriting, resuming: resuming)
        let backend = CPUBackend(threads: options.threads)
        let model = try TrainableModel(options, backend: backend)
        let precision =
            options.precision ?? (model.folder.elementType == .bfloat16 ? .bfloat16 : .float32)
        let needsNegative =
            options.stage == .align || (options.stage == .contrast && !options.usesInBatchNegatives)
        let data = try TrainingData(
            path: options.data, stage: options.stage, needsNegative: needsNegative)
        if data.leftOut > 0 { try progress(.negativesLeftOut(data.leftOut)) }
        let identity = RunIdentity(
            options: options, data: data.fingerprint, model: model.fingerprint())
        let isSaved = resuming && TrainingState.exists(options.output)
        if resuming, !isSaved, let record = try TrainingRecord(folder: options.output) {
            try record.check(identity)
            return Summary(
                wasFinished: true, steps: record.steps, firstLoss: nil, lastLoss: record.lastLoss,
                tokens: 0, seconds: 0, peakBytes: 0)
        }
        let optimizer = Optimizer(
            model.trained, weightDecay: options.weightDecay, backend: backend)
        let totals =
            isSaved
            ? try TrainingState.restore(into: optimizer, identity: identity, backend: backend) : nil
        let evaluations = try evaluation.map {
            try RunEvaluation(
                options: options, model: model, backend: backend, precision: precision, making: $0,
                progress: progress)
        }
        if totals == nil {
            if resuming { try progress(.nothingToResume) }
            // What an earlier run left must not be taken for this one's.
            try TrainingState.remove(options.output)
            try TrainingRecord.remove(options.output)
        }
        let runner = try StageAssembly(
            options: options, model: model, data: data, identity: identity, backend: backend,
            precision: precision
        ).runner(progress)

        let order = BatchOrder(
            rows: runner.rows, batchSize: options.batchSize, seed: options.seed,
            shuffles: options.shuffles)
        let total = options.maximumSteps ?? options.epochs * order.stepsPerEpoch
        if totals != nil {
            try progress(.resumed(step: optimizer.steps, totalSteps: total))
        }
        var loop = TrainingLoop(
            options: options, identity: identity, data: data, runner: runner, order: order,
            schedule: Schedule(
                shape: options.schedule.shape, warmupRatio: options.warmupRatio,
                totalSteps: total),
            optimizer: optimizer, backend: backend, evaluation: evaluations,
            memory: MemoryNeed(
                configuration: model.configuration, recomputesLayers: options.recomputesLayers,
                bytesPerValue: precision == .bfloat16 ? 2 : 4),
            resuming: totals)
        let writer = try log.map {
            try TrainingLog(path: $0, keepingThrough: totals == nil ? nil : optimizer.steps)
        }
        try loop.run(
            isCancelled: isCancelled, log: { try writer?.append($0) }, progress: progress)
        try ModelWriter(model: model, options: options, precision: precision).write()
        try TrainingRecord(
            steps: optimizer.steps, lastLoss: loop.totals.lastLoss, identity: identity
        ).write(folder: options.output)
        // What is left is what is deployed.
        try TrainingState.remove(options.output)
        try ReferenceScores.remove(options.output)
        try TokenFile.remove(options.output)
        return Summary(
            steps: optimizer.steps, firstLoss: loop.totals.firstLoss,
            lastLoss: loop.totals.lastLoss, tokens: loop.totals.tokens,
            seconds: loop.totals.seconds, peakBytes: backend.peakBytes,
            retrieval: loop.totals.retrieval, negativesLeftOut: data.leftOut,
            inBatchLeftOut: loop.totals.leftOut ?? 0)
    }
}
