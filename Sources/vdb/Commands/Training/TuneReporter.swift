import Foundation
import Synchronization
import Training
import Tuning

/// Progress of tuning on standard error: each measurement as it comes; on a terminal also what it is
/// at, elsewhere a line now and then.
final class TuneReporter: Sendable {
    private let isQuiet: Bool
    private let current: Mutex<(unit: String, what: String, bar: ProgressBar)?>
    private let occasionally = OccasionalLines()
    private let hasBegun = Atomic(false)

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        current = Mutex(nil)
    }

    /// Names the kernels that the run computes with, once.
    private func begin() {
        guard !hasBegun.exchange(true, ordering: .relaxed) else { return }
        say(ArithmeticReport.summary)
        for warning in ArithmeticReport.warnings { say(warning) }
    }

    @Sendable func show(_ progress: TuneProgress) {
        if case .training(_, .step) = progress { begin() }
        switch progress {
        case .copying: if Messages.isTerminal { say("copying the database to measure on") }
        case .mining(let done, let total): update("queries", "mining", done, total)
        case .training(let stage, .preparing(let what, let done, let total)):
            update("rows", "\(stage.rawValue), \(what.text)", done, total)
        case .training(let stage, .step(let step)):
            if !isQuiet, !Messages.isTerminal {
                occasionally.say("\(stage.rawValue): " + TrainReporter.line(step))
            }
            update(
                "steps", stage.rawValue, step.step, step.totalSteps,
                note: "\(stage.rawValue)  loss \(String(format: "%.4f", step.loss))  "
                    + ProgressBar.duration(Self.left(step)) + " left")
        case .training: break
        case .encoding(let point, let done, let total):
            update("passages", "encoding for \(point.name)", done, total)
        case .measured(let point, let ndcg):
            say("\(Self.title(point)): nDCG@10 \(String(format: "%.4f", ndcg))")
        case .replacing: if Messages.isTerminal { say("re-encoding the database") }
        }
    }

    func clear() { current.withLock { $0?.bar.clear() } }

    static func title(_ point: TunePoint) -> String {
        switch point {
        case .before: "before"
        case .after(let stage): "after \(stage.rawValue)"
        }
    }

    private static func left(_ step: TrainingStep) -> Double {
        let tokens = Double(step.totalSteps - step.step) * Double(step.tokens)
        return step.tokensPerSecond > 0 ? tokens / step.tokensPerSecond : 0
    }

    /// A line that stays, for whoever watches.
    private func say(_ text: String) {
        guard !isQuiet else { return }
        clear()
        Messages.line(text)
    }

    private func update(
        _ unit: String, _ what: String, _ done: Int, _ total: Int?, note: String? = nil
    ) {
        let bar = current.withLock { current in
            if let current, current.unit == unit, current.what == what { return current.bar }
            current?.bar.clear()
            let bar = ProgressBar(unit: unit, isQuiet: isQuiet)
            current = (unit, what, bar)
            return bar
        }
        bar.update(done: done, total: total, note: note ?? what)
    }
}
