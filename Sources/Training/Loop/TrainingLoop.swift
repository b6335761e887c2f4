import Foundation
import Tensors

/// Steps through the batches: loss and gradients, clipping, the optimizer, the log, saved states.
struct TrainingLoop {
    let options: TrainingOptions
    let identity: TrainingState.Identity
    let data: TrainingData
    let runner: StageRunner
    let order: BatchOrder
    let schedule: Schedule
    let optimizer: Optimizer
    let backend: any Backend

    private(set) var firstLoss: Float?
    private(set) var lastLoss: Float?
    private(set) var tokens = 0
    private(set) var seconds = 0.0
    private var checkpoint: String?

    init(
        options: TrainingOptions, identity: TrainingState.Identity, data: TrainingData,
        runner: StageRunner, order: BatchOrder, schedule: Schedule, optimizer: Optimizer,
        backend: any Backend
    ) {
        self.options = options
        self.identity = identity
        self.data = data
        self.runner = runner
        self.order = order
        self.schedule = schedule
        self.optimizer = optimizer
        self.backend = backend
    }

    mutating func run(
        isCancelled: () -> Bool, each report: (TrainingStep) throws -> Void,
        saved: (String) throws -> Void
    ) throws {
        let clock = ContinuousClock()
        var batches = order.batches(from: optimizer.steps).makeIterator()
        while optimizer.steps < schedule.totalSteps, let rows = batches.next() {
            if isCancelled() {
                if options.saveSteps != nil { try saved(try save()) }
                throw TrainingError.interrupted(step: optimizer.steps, checkpoint: checkpoint)
            }
            let start = clock.now
            let step = try take(rows)
            let elapsed = clock.now - start
            let duration =
                Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
            seconds += duration
            tokens += step.tokens
            try report(step.timed(duration))
            if let every = options.saveSteps, optimizer.steps % every == 0,
                optimizer.steps < schedule.totalSteps
            {
                try saved(try save())
            }
        }
    }

    private mutating func take(_ rows: [Int]) throws -> UntimedStep {
        let number = optimizer.steps
        let hasDropout = options.adapterRank != nil && options.adapterDropout > 0
        var seeds = SeededGenerator(seed: options.seed, purpose: 5, UInt64(number))
        let result = try runner.run(rows, hasDropout ? seeds.next() : nil)
        try checkFinite(Double(result.loss), "loss", rows)
        let norm = optimizer.gradientNorm()
        try checkFinite(norm, "gradient's norm", rows)
        let rate = options.learningRate * schedule.factor(number)
        optimizer.step(
            learningRate: rate,
            gradientFactor: clippingFactor(norm: norm, limit: options.maximumGradientNorm))
        backend.trim()
        firstLoss = firstLoss ?? result.loss
        lastLoss = result.loss
        return UntimedStep(
            step: optimizer.steps, totalSteps: schedule.totalSteps,
            epoch: Double(optimizer.steps) / Double(order.stepsPerEpoch), loss: result.loss,
            learningRate: rate, gradientNorm: norm, tokens: result.tokens)
    }

    private func checkFinite(_ value: Double, _ quantity: String, _ rows: [Int]) throws {
        guard value.isFinite else {
            throw TrainingError.notFinite(
                step: optimizer.steps + 1, quantity: quantity, data: data.path,
                lines: rows.map(runner.line), checkpoint: checkpoint)
        }
    }

    private mutating func save() throws -> String {
        let path = try TrainingState.save(optimizer, identity: identity, output: options.output)
        checkpoint = path
        return path
    }
}

/// A step before it is known how long it took.
private struct UntimedStep {
    let step: Int
    let totalSteps: Int
    let epoch: Double
    let loss: Float
    let learningRate: Double
    let gradientNorm: Double
    let tokens: Int

    func timed(_ seconds: Double) -> TrainingStep {
        TrainingStep(
            step: step, totalSteps: totalSteps, epoch: epoch, loss: loss,
            learningRate: learningRate, gradientNorm: gradientNorm, tokens: tokens,
            tokensPerSecond: seconds > 0 ? Double(tokens) / seconds : 0)
    }
}
