import AutoRegEmbed
import Synchronization

/// The progress of `vdb generate` on standard error: answers, tokens a second and the time left.
final class GenerationReporter: Sendable {
    private struct State {
        var answers = 0
        var tokens = 0
        var unfinished = 0
    }

    private let line: ProgressLine
    private let total: Int
    /// Answers that were there.
    private let before: Int
    private let state = Mutex(State())

    init(total: Int, before: Int, isQuiet: Bool) {
        (self.total, self.before) = (total, before)
        // It takes hours, and its messages are kept.
        line = ProgressLine(unit: "answers", isQuiet: isQuiet, interval: .seconds(60))
    }

    func add(_ answer: Answer) {
        let now = state.withLock { state in
            state.answers += 1
            state.tokens += answer.tokenCount
            if !answer.isFinished { state.unfinished += 1 }
            return state
        }
        let done = before + now.answers
        line.draw { _, _, seconds in
            let left = seconds / Double(now.answers) * Double(self.total - done)
            let share = Double(done) / Double(max(1, self.total))
            return ProgressLine.Content(
                share: share,
                parts: [
                    "\(Int(share * 100)) %",
                    "\(Figures.grouped(done))/\(Figures.grouped(self.total)) answers",
                    "\(Figures.grouped(Int(Double(now.tokens) / max(seconds, 1e-3)))) tokens/s",
                    Figures.duration(left) + " left",
                ])
        }
    }

    func clear() { line.clear() }

    /// What this run wrote.
    func summary(path: String) -> String {
        let now = state.withLock { $0 }
        return Figures.count(now.answers, "answer") + " with " + Figures.count(now.tokens, "token")
            + " in \(path)"
            + (before > 0 ? ", after \(Figures.grouped(before)) that were there" : "")
            + (now.unfinished > 0
                ? "; \(Figures.grouped(now.unfinished)) not finished within --max-tokens" : "")
    }
}
