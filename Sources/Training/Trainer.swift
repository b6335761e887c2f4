import AutoRegEmbed
import FileFormat
import Foundation
import Tensors
import Transformer

/// Runs one stage of training: reads a model folder, writes a model folder.
///
/// ```swift
/// var options = TrainingOptions(
///     stage: .compress, model: "base", data: "rows.jsonl", output: "compressed", threads: 2)
/// options.learningRate = 1e-4
/// let summary = try Trainer.run(options, progress: { print($0) })
/// ```
///
/// The losses and the bytes written are a function of the options, the data and the model; a run
/// that was killed and is resumed from its last saved state gives the same result.
public enum Trainer {
    /// What a run did.
    public struct Summary: Sendable, Equatable {
        /// Whether there was nothing to do, because the run to resume had already finished.
        /// `firstLoss` is then nil and `tokens`, `seconds` and `peakBytes` are 0.
        public var wasFinished = false
        /// Optimizer steps of the whole run, including those before it was resumed.
        public let steps: Int
        /// Loss of the first batch; nil if the run was already finished.
        public let firstLoss: Float?
        /// Loss of the last batch, before its update.
        public let lastLoss: Float?
        /// Tokens that went through encoder and decoder, over the whole run.
        public let tokens: Int
        /// Time spent in steps, in seconds, over the whole run; evaluation is not included.
        public let seconds: Double
        /// The most bytes that tensors took at once, in this process.
        public let peakBytes: Int
        /// nDCG@10 measured by the run's evaluation, in order of steps; empty without one.
        public var retrieval: [RetrievalPoint] = []
        /// Number of negatives left out because they equal a positive of their row.
        public var negativesLeftOut = 0
        /// How often a text of another row was left out of the in-batch negatives because it equals
        /// a positive of the row.
        public var inBatchLeftOut = 0
        /// Rows with a text longer than the maximum length, whose rest was not read. Each row that was
        /// trained on counts once.
        public var rowsCut = 0
        /// The first and the last ``TrainingStep/gain`` that were measured; nil if none was.
        public var gain: Gain?

        /// The gain at the beginning and at the end of a run.
        public struct Gain: Sendable, Equatable {
            /// At the first step, before its update.
            public let first: Double
            /// At the last step, before its update.
            public let last: Double
        }
    }

    /// Sets what happens if the system refuses memory: `body` is called with the number of bytes
    /// that could not be allocated, and must end the process. By default the process stops with a
    /// failed precondition.
    public static func whenOutOfMemory(_ body: @escaping @Sendable (_ bytes: Int) -> Never) {
        OutOfMemory.handle(body)
    }

    /// Opens the model at a path.
    public typealias ModelOpener = (_ path: String) throws -> any ModelEmbedder

    /// Checks that a run would not replace a model that somebody may want to keep.
    ///
    /// - Parameters:
    ///   - overwriting: whether an existing model may be replaced.
    ///   - resuming: whether the run resumes an earlier one, whose folder it may then write to.
    /// - Throws: `TrainingError.outputExists` if the folder holds a model or a model's
    ///   configuration and neither flag allows writing to it.
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
    ///   - evaluation: measures nDCG@10 before the first step, after the last, and every
    ///     `evaluationSteps` steps; nil measures nothing.
    ///   - openTeacher: opens the teacher of a respond run; by default language models alone, while the
    ///     module `Encoder` has a function that opens encoders, too.
    ///   - log: path of a JSON Lines file, which gets one object a step; nil writes none.
    ///   - overwriting: whether the output folder may hold a model, which the new one replaces.
    ///   - resuming: continue from the state that an earlier run with the same options saved.
    ///     Without a saved state the run begins with step 1; a finished run is left as it is.
    ///   - isCancelled: asked before each step; returning true saves the state and throws
    ///     `TrainingError.interrupted`.
    /// - Throws: `TrainingError`, and what `evaluation` and `progress` throw.
    public static func run(
        _ options: TrainingOptions, evaluation: ModelEvaluationMaker? = nil,
        openTeacher: ModelOpener = { try AutoRegEmbedder(folder: URL(filePath: $0)) },
        log: String? = nil, overwriting: Bool = false, resuming: Bool = false,
        isCancelled: () -> Bool = { false },
        progress: (TrainingProgress) throws -> Void = { _ in }
    ) throws -> Summary {
        try options.validate(isEvaluated: evaluation != nil)
        try checkOutput(options.output, overwriting: overwriting, resuming: resuming)
        let backend = CPUBackend(threads: options.threads)
        let teacher = try Teacher(options, open: openTeacher)
        var model = try TrainableModel(options, teacher: teacher, backend: backend)
        let precision =
            options.precision ?? (model.folder.elementType == .bfloat16 ? .bfloat16 : .float32)
        let needsNegative =
            options.stage == .align || (options.stage == .contrast && !options.usesInBatchNegatives)
        let data = try TrainingData(
            path: options.data, stage: options.stage, needsNegative: needsNegative)
        if data.leftOut > 0 { try progress(.negativesLeftOut(data.leftOut)) }
        if options.decoderScale == .automatic {
            try model.fitDecoderInput(data, options, backend: backend)
        }
        let identity = RunIdentity(
            options: options, data: data.fingerprint, model: model.fingerprint(),
            teacher: teacher?.fingerprint())
        let isSaved = resuming && TrainingState.exists(options.output)
        if resuming, !isSaved, let record = try TrainingRecord(folder: options.output) {
            try record.check(identity)
            return Summary(
                wasFinished: true, steps: record.steps, firstLoss: nil, lastLoss: record.lastLoss,
                tokens: 0, seconds: 0, peakBytes: 0)
        }
        let optimizer = Optimizer(
            model.trained, ownRows: model.compressedTokenRows, weightDecay: options.weightDecay,
            backend: backend)
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
            // Remove an earlier run's state, so that it is not mistaken for this run's.
            try TrainingState.remove(options.output)
            try TrainingRecord.remove(options.output)
        }
        let vectors = try teacher.map {
            try TeacherVectors(
                $0, data, options, fingerprint: identity.teacher ?? "", isCancelled: isCancelled,
                progress: progress)
        }
        let runner = try StageAssembly(
            options: options, model: model, data: data, identity: identity, teacher: vectors,
            backend: backend, precision: precision
        ).runner(progress)

        let order = options.order(of: runner.rows)
        let total = options.maximumSteps ?? options.epochs * order.stepsPerEpoch
        if totals != nil {
            try progress(.resumed(step: optimizer.steps, totalSteps: total))
        }
        var loop = TrainingLoop(
            options: options, identity: identity, data: data, runner: runner, order: order,
            schedule: Schedule(
                shape: options.schedule, warmupRatio: options.warmupRatio,
                totalSteps: total, endStep: options.scheduleSteps),
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
        // The finished folder holds only what is deployed.
        try TrainingState.remove(options.output)
        try ReferenceScores.remove(options.output)
        try TeacherVectors.remove(options.output)
        try TokenFile.remove(options.output)
        return Summary(
            steps: optimizer.steps, firstLoss: loop.totals.firstLoss,
            lastLoss: loop.totals.lastLoss, tokens: loop.totals.tokens,
            seconds: loop.totals.seconds, peakBytes: backend.peakBytes,
            retrieval: loop.totals.retrieval, negativesLeftOut: data.leftOut,
            inBatchLeftOut: loop.totals.leftOut ?? 0, rowsCut: loop.totals.cutRows ?? 0,
            gain: loop.totals.gain)
    }
}
