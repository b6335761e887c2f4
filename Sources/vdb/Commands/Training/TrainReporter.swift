import Foundation
import Training

/// The messages of `vdb train` on standard error: progress, evaluations, and a summary at the end.
final class TrainReporter: Sendable {
    private let isQuiet: Bool
    private let steps: StepReporter

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
        steps = StepReporter(isQuiet: isQuiet)
    }

    func report(_ progress: TrainingProgress) {
        switch progress {
        case .preparing(let what, let done, let total):
            steps.begin()
            steps.prepare(what, done: done, total: total)
        case .nothingToResume: say("no saved state to resume from; starting with step 1")
        case .resumed(let step, let total): say("resuming after step \(step) of \(total)")
        case .memoryIsShort(let tokens, let needed, let available):
            say(
                "\(tokens) tokens at once need about \(Self.gibibytes(needed)), but only "
                    + "\(Self.gibibytes(available)) are free; if the process runs out of memory, "
                    + Self.memoryAdvice)
        case .step(let step): steps.show(step)
        case .saved: break
        case .negativesLeftOut(let count):
            say("\(Figures.count(count, "negative")) left out: equal to a positive of the row")
        case .evaluating(let dataset, let done, let total):
            steps.begin()
            steps.line.begin("documents", "evaluating nDCG@10 on \(dataset)")
            steps.line.update(done: done, total: total)
        case .evaluated(let dataset, let point):
            say("step \(point.step)  nDCG@10 \(Figures.fixed(point.ndcgAt10, 4)) on \(dataset)")
        }
    }

    func usesSmallRecipe() {
        say("a small language model: its settings are those of --recipe small")
    }

    func keptEarlierModel(_ model: EarlierModel) {
        say("\(model.folder) held a finished model, which is now \(model.path)")
    }

    func finish(_ summary: Trainer.Summary, folder: String) {
        if summary.wasFinished {
            say(
                "\(folder): this run has finished (\(Figures.count(summary.steps, "step"))); there is "
                    + "nothing to resume")
            return
        }
        if summary.inBatchLeftOut > 0 {
            say(
                "\(summary.inBatchLeftOut) times a text of another row was left out of the negatives, "
                    + "as it equals a positive of the row")
        }
        if summary.rowsCut > 0 {
            say(
                "\(Figures.count(summary.rowsCut, "row")) with a text longer than --max-length, or the "
                    + "model's limit; the rest of such texts is not read")
        }
        var facts = [Figures.count(summary.steps, "step")]
        if let first = summary.firstLoss, let last = summary.lastLoss {
            facts.append(
                "loss \(Figures.fixed(Double(first), 4)) to \(Figures.fixed(Double(last), 4))")
        }
        if let gain = summary.gain {
            facts.append(
                "gain \(Figures.fixed(gain.first, 2)) to \(Figures.fixed(gain.last, 2))")
        }
        if let first = summary.retrieval.first, let last = summary.retrieval.last {
            facts.append(
                "nDCG@10 \(Figures.fixed(first.ndcgAt10, 4)) to \(Figures.fixed(last.ndcgAt10, 4))")
        }
        let rate = summary.seconds > 0 ? Double(summary.tokens) / summary.seconds : 0
        facts += [
            "\(Int(rate)) tokens/s", Figures.duration(summary.seconds),
            "\(summary.peakBytes >> 20) MiB",
        ]
        say(facts.joined(separator: ", ") + "; wrote \(folder)")
    }

    func clear() { steps.line.clear() }

    private func say(_ text: String) { steps.line.say(text) }

    static let memoryAdvice =
        "use --micro-batch-size (the same gradients, fewer rows at once), --recompute-layers or "
        + "--lora-rank, or a smaller --max-length"

    private static func gibibytes(_ bytes: Int) -> String {
        Figures.fixed(Double(bytes) / 0x1p30, 1) + " GiB"
    }
}
