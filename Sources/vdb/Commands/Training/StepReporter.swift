import Synchronization
import Training

/// Shows the progress of training steps on standard error: a line that is redrawn on a terminal, an
/// occasional line elsewhere. Shared by `vdb train` and `vdb tune`.
final class StepReporter: Sendable {
    let line: ProgressLine
    private let hasBegun = Atomic(false)
    /// The last gain measured in the current stage.
    private let gain = Mutex<Double?>(nil)

    init(isQuiet: Bool) {
        // A training run takes hours, and its log is kept.
        line = ProgressLine(isQuiet: isQuiet, interval: .seconds(60))
    }

    /// Prints the kernels that the run uses, once.
    func begin() {
        guard !hasBegun.exchange(true, ordering: .relaxed) else { return }
        line.say(ArithmeticReport.summary)
        for warning in ArithmeticReport.warnings { line.say(warning) }
    }

    func prepare(_ what: TrainingProgress.Preparation, done: Int, total: Int?, stage: String? = nil)
    {
        line.begin(what.unit, stage.map { "\($0), \(what.text)" } ?? what.text)
        line.update(done: done, total: total)
    }

    /// - Parameter stage: the stage's name in `vdb tune`, which has several.
    func show(_ step: TrainingStep, stage: String? = nil) {
        begin()
        let gain = gain.withLock { gain in
            if step.gain != nil || step.step == 1 { gain = step.gain }
            return gain
        }
        let loss =
            "loss \(Figures.fixed(Double(step.loss), 4))"
            + (gain.map { "  gain \(Figures.fixed($0, 2))" } ?? "")
        let rate = "\(Int(step.tokensPerSecond)) tokens/s"
        let left = Figures.duration(Self.secondsLeft(after: step)) + " left"
        line.begin("steps", stage)
        line.update(
            done: step.step, total: step.totalSteps,
            note: [stage, rate, loss, left].compactMap(\.self).joined(separator: "  "))
    }

    private static func secondsLeft(after step: TrainingStep) -> Double {
        let tokens = Double(step.totalSteps - step.step) * Double(step.tokens)
        return step.tokensPerSecond > 0 ? tokens / step.tokensPerSecond : 0
    }
}

extension TrainingProgress.Preparation {
    var text: String {
        switch self {
        case .tokenizing: "tokenizing"
        case .referenceScores: "reference scores"
        case .teacherVectors: "the teacher's vectors"
        case .reading(let name): "reading \(name)"
        }
    }

    fileprivate var unit: String {
        switch self {
        case .tokenizing: "texts"
        case .referenceScores, .teacherVectors: "rows"
        case .reading: "documents"
        }
    }
}
