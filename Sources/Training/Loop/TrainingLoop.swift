import Foundation
import RandomNumbers
import Tensors

/// Steps through the batches: loss and gradients, clipping, the optimizer, the log, saved states.
struct TrainingLoop {
    let options: TrainingOptions
    let identity: RunIdentity
    let data: TrainingData
    let runner: StageRunner
    let order: BatchOrder
    let schedule: Schedule
    let optimizer: Optimizer
    let backend: any Backend
    let evaluation: RunEvaluation?
    let memory: MemoryNeed

    private(set) var totals: TrainingState.Totals
    private var checkpoint: String?
    /// Bytes that the largest micro-batch so far needed.
    private var largestNeed = 0
    private var hasWarned = false

    /// - Parameter totals: the saved state's if the run is resumed; nil begins with step 1.
    init(
        options: TrainingOptions, identity: RunIdentity, data: TrainingData,
        runner: StageRunner, order: BatchOrder, schedule: Schedule, optimizer: Optimizer,
        backend: any Backend, evaluation: RunEvaluation?, memory: MemoryNeed,
        resuming totals: TrainingState.Totals?
    ) {
        self.options = options
        self.identity = identity
        self.data = data
        self.runner = runner
        self.order = order
        self.schedule = schedule
        self.optimizer = optimizer
        self.backend = backend
        self.evaluation = evaluation
        self.memory = memory
        self.totals = totals ?? TrainingState.Totals()
        checkpoint = totals == nil ? nil : TrainingState.path(options.output)
    }

    /// - Parameters:
    ///   - log: called once for each step, after it.
    ///   - progress: called for all other events.
    mutating func run(
        isCancelled: () -> Bool, log: (TrainingStep) throws -> Void,
        progress: (TrainingProgress) throws -> Void
    ) throws {
        let clock = ContinuousClock()
        var batches = order.batches(from: optimizer.steps).makeIterator()
        if optimizer.steps == 0 { _ = try evaluate(progress) }
        while optimizer.steps < schedule.totalSteps, let rows = batches.next() {
            if isCancelled() {
                if optimizer.steps > 0 { try progress(.saved(path: try save())) }
                throw TrainingError.interrupted(step: optimizer.steps, checkpoint: checkpoint)
            }
            let start = clock.now
            let taken = try take(rows, progress)
            let duration = (clock.now - start) / .seconds(1)
            totals.seconds += duration
            totals.tokens += taken.tokens
            var step = taken.timed(duration)
            try progress(.step(step))
            step.ndcgAt10 = try evaluate(progress)
            try log(step)
            if let every = options.saveSteps, optimizer.steps % every == 0,
                optimizer.steps < schedule.totalSteps
            {
                try progress(.saved(path: try save()))
            }
        }
    }

    /// nDCG@10 of the current model; nil if no evaluation is due.
    private mutating func evaluate(_ progress: (TrainingProgress) throws -> Void) throws -> Double?
    {
        guard let evaluation,
            evaluation.isDue(after: optimizer.steps, of: schedule.totalSteps)
        else { return nil }
        let point = RetrievalPoint(
            step: optimizer.steps, ndcgAt10: try evaluation.measure(progress))
        totals.retrieval.append(point)
        backend.trim()
        try progress(.evaluated(dataset: evaluation.dataset, point))
        return point.ndcgAt10
    }

    private mutating func take(
        _ rows: [Int], _ progress: (TrainingProgress) throws -> Void
    ) throws -> UntimedStep {
        let number = optimizer.steps
        let hasDropout = options.adapterRank != nil && options.adapterDropout > 0
        var seeds = SeededGenerator(seed: options.seed, purpose: 5, UInt64(number))
        var needed = 0
        // Measured as the loss is, before the update; a batch of the first epoch is unseen.
        let gain =
            CompressionGain.isDue(step: number + 1, of: schedule.totalSteps)
            ? try runner.gain?(rows) : nil
        let result = try runner.run(rows, hasDropout ? seeds.next() : nil) { load in
            needed = memory.bytes(load)
            guard needed > largestNeed, !hasWarned,
                let available = MemoryNeed.availableBytes()
            else { return }
            // The memory of the largest micro-batch so far is still allocated, and is reused.
            if needed > available + largestNeed {
                hasWarned = true
                try progress(
                    .memoryIsShort(
                        tokens: load.tokens, neededBytes: needed, availableBytes: available))
            }
        }
        largestNeed = max(largestNeed, needed)
        try checkFinite(Double(result.loss), .loss, rows)
        let norm = optimizer.gradientNorm()
        try checkFinite(norm, .gradientNorm, rows)
        let rate = options.learningRate * schedule.factor(number)
        optimizer.step(
            learningRate: rate,
            ownRate: options.compressedTokenLearningRate.map { $0 * schedule.factor(number) },
            gradientFactor: clippingFactor(norm: norm, limit: options.maximumGradientNorm))
        backend.trim()
        totals.firstLoss = totals.firstLoss ?? result.loss
        totals.lastLoss = result.loss
        totals.leftOut = (totals.leftOut ?? 0) + result.leftOut
        // Each row once: later epochs have the same ones.
        if number < order.stepsPerEpoch { totals.cutRows = (totals.cutRows ?? 0) + result.cutRows }
        if let gain {
            totals.firstGain = totals.firstGain ?? gain
            totals.lastGain = gain
        }
        return UntimedStep(
            step: optimizer.steps, totalSteps: schedule.totalSteps,
            epoch: Double(optimizer.steps) / Double(order.stepsPerEpoch), loss: result.loss,
            gain: gain, reconstructionLoss: result.reconstructionLoss,
            alignmentLoss: result.alignmentLoss, learningRate: rate, gradientNorm: norm,
            tokens: result.tokens, leftOut: result.leftOut)
    }

    private func checkFinite(_ value: Double, _ quantity: TrainingError.Quantity, _ rows: [Int])
        throws
    {
        guard value.isFinite else {
            let lines = rows.map(runner.line)
            throw TrainingError.notFinite(
                step: optimizer.steps + 1, quantity: quantity,
                batch: TrainingError.Batch(
                    data: data.path, lines: lines,
                    ids: lines.compactMap(data.identifier(ofLine:))),
                checkpoint: checkpoint)
        }
    }

    private mutating func save() throws -> String {
        let path = try TrainingState.save(optimizer, totals: totals, identity: identity)
        checkpoint = path
        return path
    }
}

/// A step whose duration is not yet known.
private struct UntimedStep {
    let step: Int
    let totalSteps: Int
    let epoch: Double
    let loss: Float
    let gain: Double?
    let reconstructionLoss: Double?
    let alignmentLoss: Double?
    let learningRate: Double
    let gradientNorm: Double
    let tokens: Int
    let leftOut: Int

    func timed(_ seconds: Double) -> TrainingStep {
        TrainingStep(
            step: step, totalSteps: totalSteps, epoch: epoch, loss: loss, gain: gain,
            reconstructionLoss: reconstructionLoss, alignmentLoss: alignmentLoss,
            learningRate: learningRate, gradientNorm: gradientNorm, tokens: tokens,
            tokensPerSecond: seconds > 0 ? Double(tokens) / seconds : 0, leftOut: leftOut)
    }
}
