import Foundation
import Synchronization
import Training

/// Progress of a training run on standard error: a line that renews itself on a terminal, and one now
/// and then elsewhere; what has been measured; one summary at the end.
final class TrainReporter: Sendable {
    let quiet: Bool
    private let occasionally = OccasionalLines()
    private let hasBegun = Atomic(false)

    init(quiet: Bool) { self.quiet = quiet }

    func report(_ progress: TrainingProgress) {
        switch progress {
        case .preparing, .step, .evaluating: begin()
        default: break
        }
        switch progress {
        case .preparing(let what, let done, let total):
            renew("\(what.text) \(done)" + (total.map { "/\($0)" } ?? ""))
        case .nothingToResume: say("nothing was saved to resume: beginning with step 1")
        case .resumed(let step, let total): say("resuming after step \(step) of \(total)")
        case .memoryIsShort(let tokens, let needed, let available):
            say(
                "\(tokens) tokens at once need about \(Self.gibibytes(needed)), of which "
                    + "\(Self.gibibytes(available)) are free; should the system end the run: "
                    + Self.memoryAdvice)
        case .step(let step):
            renew(Self.line(step))
            if !quiet, !Messages.isTerminal { occasionally.say(Self.line(step)) }
        case .saved: break
        case .negativesLeftOut(let count):
            say(
                "\(count) negative\(count == 1 ? "" : "s") left out, equal to a positive of the row"
            )
        case .evaluating(let dataset, let done, let total):
            renew("measuring nDCG@10 on \(dataset): \(done)/\(total) documents")
        case .evaluated(let dataset, let point):
            say("step \(point.step)  nDCG@10 \(Self.score(point.ndcgAt10)) on \(dataset)")
        }
    }

    func keptEarlierModel(_ model: EarlierModel) {
        say("\(model.folder) held a finished model, which is now \(model.path)")
    }

    /// Names the kernels that the run computes with, once.
    private func begin() {
        guard !hasBegun.exchange(true, ordering: .relaxed) else { return }
        say(ArithmeticReport.summary)
        for warning in ArithmeticReport.warnings { say(warning) }
    }

    func finish(_ summary: Trainer.Summary, folder: String) {
        clear()
        guard !quiet else { return }
        if summary.wasFinished {
            Messages.line(
                "\(folder): this run is finished (\(Self.steps(summary.steps))); there is nothing "
                    + "to resume")
            return
        }
        let rate = summary.seconds > 0 ? Double(summary.tokens) / summary.seconds : 0
        let losses =
            summary.firstLoss.flatMap { first in
                summary.lastLoss.map { String(format: ", loss %.4f to %.4f", first, $0) }
            } ?? ""
        var retrieval = ""
        if let first = summary.retrieval.first, let last = summary.retrieval.last {
            retrieval = ", nDCG@10 \(Self.score(first.ndcgAt10)) to \(Self.score(last.ndcgAt10))"
        }
        Messages.line(
            (summary.inBatchLeftOut > 0
                ? "\(summary.inBatchLeftOut) times a text of another row was no negative, as it "
                    + "equals a positive of the row\n" : "")
                + "\(Self.steps(summary.steps))\(losses)\(retrieval), \(Int(rate)) tokens/s, "
                + "\(Self.duration(summary.seconds)), "
                + "\(summary.peakBytes >> 20) MiB; wrote \(folder)")
    }

    static func line(_ step: TrainingStep) -> String {
        let left = Double(step.totalSteps - step.step) * Double(step.tokens)
        let seconds = step.tokensPerSecond > 0 ? left / step.tokensPerSecond : 0
        return "step \(step.step)/\(step.totalSteps)  loss \(String(format: "%.4f", step.loss))  "
            + "\(Int(step.tokensPerSecond)) tokens/s  \(duration(seconds)) left"
    }

    private static func steps(_ count: Int) -> String { "\(count) step\(count == 1 ? "" : "s")" }

    func clear() { if Messages.isTerminal, !quiet { Messages.raw("\r\u{1B}[K") } }

    private func say(_ text: String) {
        clear()
        if !quiet { Messages.line(text) }
    }

    private func renew(_ text: String) {
        if Messages.isTerminal, !quiet { Messages.raw("\r\u{1B}[K\(text)") }
    }

    static let memoryAdvice =
        "use --micro-batch-size (the same gradients, fewer rows at once), --recompute-layers or "
        + "--lora-rank, or a smaller --max-length"

    private static func gibibytes(_ bytes: Int) -> String {
        String(format: "%.1f GiB", Double(bytes) / 0x1p30)
    }

    private static func score(_ value: Double) -> String { String(format: "%.4f", value) }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}

extension TrainingProgress.Preparation {
    var text: String {
        switch self {
        case .tokenizing: "tokenizing"
        case .referenceScores: "reference scores"
        case .reading(let name): "reading \(name)"
        }
    }
}
