/// What a run tells its caller as it goes.
public enum TrainingProgress: Sendable {
    /// Work before the first step. `total` is nil if it is not known.
    case preparing(Preparation, done: Int, total: Int?)
    /// A run was to be resumed, but nothing of it was saved: it begins with step 1.
    case nothingToResume
    /// A run continues after the step that was saved.
    case resumed(step: Int, totalSteps: Int)
    /// The next part of a batch needs about so many bytes, more than the system has free. Told once.
    case memoryIsShort(tokens: Int, neededBytes: Int, availableBytes: Int)
    case step(TrainingStep)
    case saved(path: String)
    /// So many negatives of the data equal a positive of their row, and are left out.
    case negativesLeftOut(Int)
    /// Documents encoded of a judged collection.
    case evaluating(dataset: String, done: Int, total: Int)
    case evaluated(dataset: String, RetrievalPoint)

    /// What is prepared.
    public enum Preparation: Sendable, Equatable {
        /// The texts of pre-training.
        case tokenizing
        /// What the model gives each pair before alignment.
        case referenceScores
        /// A judged collection, by its name.
        case reading(String)
    }
}

/// How well the model retrieves at one point of a run.
public struct RetrievalPoint: Sendable, Equatable, Codable {
    /// Steps taken; 0 is the starting model.
    public let step: Int
    /// The mean over all judged queries, by exact search.
    public let ndcgAt10: Double
}

/// One step, as the log has it.
public struct TrainingStep: Sendable, Equatable {
    /// From 1.
    public let step: Int
    public let totalSteps: Int
    /// Epochs done after this step.
    public let epoch: Double
    /// The loss of the step's batch, before its update.
    public let loss: Float
    public let learningRate: Double
    /// Before clipping.
    public let gradientNorm: Double
    public let tokens: Int
    public let tokensPerSecond: Double
    /// Texts of other rows that were no in-batch negatives, as they equal a positive of the row.
    public let leftOut: Int
    /// nDCG@10 after this step's update, if it was measured.
    public var ndcgAt10: Double?

    /// One line of the JSON Lines log.
    public var json: String {
        "{\"step\":\(step),\"epoch\":\(rounded(epoch)),\"loss\":\(loss),"
            + "\"learning_rate\":\(learningRate),\"grad_norm\":\(Float(gradientNorm)),"
            + "\"tokens\":\(tokens),\"tokens_per_second\":\(rounded(tokensPerSecond))"
            + (leftOut > 0 ? ",\"equal_texts\":\(leftOut)" : "")
            + (ndcgAt10.map { ",\"ndcg_cut_10\":\($0)" } ?? "") + "}"
    }

    private func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
}
