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
        public let steps: Int
        public let firstLoss: Float?
        public let lastLoss: Float?
        public let tokens: Int
        public let seconds: Double
        public let peakBytes: Int
    }

    /// - Parameters:
    ///   - log: a JSON Lines file for one object a step.
    ///   - resuming: continue from the state that an earlier run of the same options saved.
    ///   - isCancelled: asked before each step; true saves the state (where saving is on) and throws
    ///     `TrainingError.interrupted`.
    /// - Throws: `TrainingError`.
    public static func run(
        _ options: TrainingOptions, log: String? = nil, resuming: Bool = false,
        isCancelled: () -> Bool = { false },
        progress: (TrainingProgress) throws -> Void = { _ in }
    ) throws -> Summary {
        try options.validate()
        let backend = CPUBackend(threads: options.threads)
        let model = try TrainableModel(options, backend: backend)
        let precision =
            options.precision ?? (model.folder.elementType == .bfloat16 ? .bfloat16 : .float32)
        let products: ProductPrecision = precision == .bfloat16 ? .bfloat16 : .float32
        let needsNegative =
            options.stage == .align || (options.stage == .contrast && !options.usesInBatchNegatives)
        let data = try TrainingData(
            path: options.data, stage: options.stage, needsNegative: needsNegative)
        let identity = TrainingState.Identity(
            options: options, data: data.fingerprint, model: model.folder.fingerprint())
        let runner = try StageAssembly(
            options: options, model: model, data: data, identity: identity, backend: backend,
            precision: products
        ).runner(progress)

        let order = BatchOrder(
            rows: runner.rows, batchSize: options.batchSize, seed: options.seed,
            shuffles: options.shuffles)
        let total = options.maximumSteps ?? options.epochs * order.stepsPerEpoch
        let optimizer = Optimizer(
            model.trained, weightDecay: options.weightDecay, backend: backend)
        if resuming {
            try TrainingState.restore(into: optimizer, identity: identity, backend: backend)
        }
        var loop = TrainingLoop(
            options: options, identity: identity, data: data, runner: runner, order: order,
            schedule: Schedule(
                shape: Schedule.Shape(rawValue: options.schedule.rawValue) ?? .constant,
                warmupRatio: options.warmupRatio, totalSteps: total),
            optimizer: optimizer, backend: backend)
        let writer = try log.map {
            try TrainingLog(path: $0, keepingThrough: resuming ? optimizer.steps : nil)
        }
        try loop.run(isCancelled: isCancelled) { step in
            try writer?.append(step)
            try progress(.step(step))
        } saved: { path in
            try progress(.saved(path: path))
        }
        try ModelWriter(model: model, options: options, precision: precision).write()
        return Summary(
            steps: optimizer.steps, firstLoss: loop.firstLoss, lastLoss: loop.lastLoss,
            tokens: loop.tokens, seconds: loop.seconds, peakBytes: backend.peakBytes)
    }
}
