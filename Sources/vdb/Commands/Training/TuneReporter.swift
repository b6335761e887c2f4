import Training
import Tuning

/// The messages of `vdb tune` on standard error: progress, and each evaluation's result.
final class TuneReporter: Sendable {
    private let steps: StepReporter

    init(isQuiet: Bool) { steps = StepReporter(isQuiet: isQuiet) }

    @Sendable func show(_ progress: TuneProgress) {
        switch progress {
        case .copying:
            if Messages.isTerminal { steps.line.say("copying the database for the evaluation") }
        case .fittingSearch(let done, let total):
            update("settings", "fitting search", done, total)
        case .fittedSearch(let search): steps.line.say("search: " + search.words)
        case .mining(let done, let total): update("queries", "mining", done, total)
        case .answering(let done, let total): update("answers", "answering", done, total)
        case .training(let stage, .preparing(let what, let done, let total)):
            steps.prepare(what, done: done, total: total, stage: stage.rawValue)
        case .training(let stage, .step(let step)): steps.show(step, stage: stage.rawValue)
        case .training: break
        case .leftOut(let stage): steps.line.say("no time left for \(stage.rawValue)")
        case .encoding(let point, let done, let total):
            update("passages", "encoding for \(point.name)", done, total)
        case .measured(let point, let ndcg):
            steps.line.say("\(Self.title(point)): nDCG@10 \(Figures.fixed(ndcg, 4))")
        case .replacing: if Messages.isTerminal { steps.line.say("re-encoding the database") }
        }
    }

    func usesSmallRecipe() {
        steps.line.say("a small language model: its settings are those of --recipe small")
    }

    func clear() { steps.line.clear() }

    static func title(_ point: TunePoint) -> String {
        switch point {
        case .before: "before"
        case .after(let stage): "after \(stage.rawValue)"
        }
    }

    private func update(_ unit: String, _ activity: String, _ done: Int, _ total: Int?) {
        steps.line.begin(unit, activity)
        steps.line.update(done: done, total: total)
    }
}
