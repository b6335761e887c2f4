/// What a run tells its caller as it goes.
public enum TrainingProgress: Sendable {
    /// Work before the first step: reading, reference scores.
    case preparing(what: String, done: Int, total: Int)
    case step(TrainingStep)
    case saved(path: String)
}

/// One step, as the log has it.
public struct TrainingStep: Sendable, Equatable {
    /// From 1.
    public let step: Int
    public let totalSteps: Int
    /// Epochs done after this step.
    public let epoch: Double
    /// Of the step's batch, before its update.
    public let loss: Float
    public let learningRate: Double
    /// Before clipping.
    public let gradientNorm: Double
    public let tokens: Int
    public let tokensPerSecond: Double

    /// One line of the JSON Lines log.
    public var json: String {
        "{\"step\":\(step),\"epoch\":\(rounded(epoch)),\"loss\":\(loss),"
            + "\"learning_rate\":\(learningRate),\"grad_norm\":\(Float(gradientNorm)),"
            + "\"tokens\":\(tokens),\"tokens_per_second\":\(rounded(tokensPerSecond))}"
    }

    private func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
}
