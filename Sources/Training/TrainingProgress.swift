/// Events that a run reports to its caller.
public enum TrainingProgress: Sendable {
    /// Work before the first step, in rows or documents. `total` is nil if it is unknown.
    case preparing(Preparation, done: Int, total: Int?)
    /// Resuming was requested, but no state was saved: the run begins with step 1.
    case nothingToResume
    /// The run continues after the saved step.
    case resumed(step: Int, totalSteps: Int)
    /// The next micro-batch, of `tokens` tokens, needs about `neededBytes`, which is more than the
    /// system has available. Reported at most once a run.
    case memoryIsShort(tokens: Int, neededBytes: Int, availableBytes: Int)
    /// An optimizer step was taken.
    case step(TrainingStep)
    /// The state was saved to `path`.
    case saved(path: String)
    /// Number of negatives left out because they equal a positive of their row. Reported only if
    /// there are any.
    case negativesLeftOut(Int)
    /// Documents of the evaluation's collection encoded so far.
    case evaluating(dataset: String, done: Int, total: Int)
    /// The model was evaluated.
    case evaluated(dataset: String, RetrievalPoint)

    /// The kinds of work before the first step.
    public enum Preparation: Sendable, Equatable {
        /// Tokenizing the texts of pre-training.
        case tokenizing
        /// Computing log ref, the scores of the model before alignment.
        case referenceScores
        /// Computing the teacher's vectors of the answers, before the stage respond.
        case teacherVectors
        /// Reading the evaluation's collection, by its name.
        case reading(String)
    }
}

/// How well the model retrieves at one point of a run.
public struct RetrievalPoint: Sendable, Equatable, Codable {
    /// Optimizer steps taken; 0 is the starting model.
    public let step: Int
    /// Mean nDCG@10 (0 to 1) over all judged queries, by exact search.
    public let ndcgAt10: Double
}

/// One optimizer step, as recorded in the log.
public struct TrainingStep: Sendable, Equatable {
    /// The step's number, from 1.
    public let step: Int
    /// Steps of the whole run.
    public let totalSteps: Int
    /// Epochs completed after this step, with a fraction.
    public let epoch: Double
    /// The loss of the step's batch, before its update.
    public let loss: Float
    /// Compress, align and respond: how much more likely a target is under its own text's compressed tokens
    /// than under another's, log p(s | e(x)) - log p(s | e(x')) in nats per target token. x' is
    /// the text of another row of the batch, whose target differs.
    ///
    /// 0 means that the model has learned the language of the targets and nothing of the text, even
    /// if the loss has fallen. It is measured before the step's update, on a third of its batch, at
    /// the first step, every tenth and the last; nil at other steps and if all targets are equal.
    public let gain: Double?
    /// Respond: the reconstruction loss, without its weight; nil in other stages, and if it is left out.
    public let reconstructionLoss: Double?
    /// Respond: the alignment loss, without its weight; nil in other stages, and if it is left out.
    public let alignmentLoss: Double?
    /// The learning rate of this step's update.
    public let learningRate: Double
    /// The L2 norm of the batch's gradient, before clipping.
    public let gradientNorm: Double
    /// Tokens of the batch that went through encoder and decoder.
    public let tokens: Int
    /// `tokens` divided by the step's time in seconds.
    public let tokensPerSecond: Double
    /// How often a text of another row was left out of the in-batch negatives because it equals a
    /// positive of the row.
    public let leftOut: Int
    /// nDCG@10 after this step's update; nil if it was not measured.
    public var ndcgAt10: Double?

    /// The step as one line of the JSON Lines log, without its line break.
    public var json: String {
        "{\"step\":\(step),\"epoch\":\(rounded(epoch)),\"loss\":\(loss),"
            + (reconstructionLoss.map { "\"reconstruction_loss\":\(Float($0))," } ?? "")
            + (alignmentLoss.map { "\"alignment_loss\":\(Float($0))," } ?? "")
            + (gain.map { "\"gain\":\(rounded($0))," } ?? "")
            + "\"learning_rate\":\(learningRate),\"grad_norm\":\(Float(gradientNorm)),"
            + "\"tokens\":\(tokens),\"tokens_per_second\":\(rounded(tokensPerSecond))"
            + (leftOut > 0 ? ",\"equal_texts\":\(leftOut)" : "")
            + (ndcgAt10.map { ",\"ndcg_cut_10\":\($0)" } ?? "") + "}"
    }

    private func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
}
