import AutoRegEmbed
import Synchronization

/// The progress of `vdb generate` on standard error: answers, tokens a second and the time left.
final class GenerationReporter: Sendable {
    private struct State {
        var answers = 0
        /// Tokens of whole answers.
        var tokens = 0
        /// All tokens, also of answers that are being written.
        var generated = 0
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

    @Sendable func add(_ answer: Answer) {
        state.withLock { state in
            state.answers += 1
            state.tokens += answer.tokenCount
            if !answer.isFinished { state.unfinished += 1 }
        }
    }

    /// Counts tokens and shows the progress.
    @Sendable func advance(by tokens: Int) {
        let now = state.withLock { state in
            state.generated += tokens
            return state
        }
        line.draw { _, _, seconds in content(now, seconds: seconds) }
    }

    private func content(_ now: State, seconds: Double) -> ProgressLine.Content {
        let done = before + now.answers
        let share = Double(done) / Double(max(1, total))
        let rate = Double(now.generated) / max(seconds, 1e-3)
        var parts = [
            "\(Int(share * 100)) %",
            "\(Figures.grouped(done))/\(Figures.grouped(total)) answers",
            "\(Figures.grouped(Int(rate))) tokens/s",
        ]
        if now.answers > 0, rate > 0 {
            // As many tokens an answer as so far.
            let mean = Double(now.tokens) / Double(now.answers)
            let left = Double(total - before) * mean - Double(now.generated)
            parts.append(Figures.duration(max(0, left) / rate) + " left")
        }
        return ProgressLine.Content(share: share, parts: parts)
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
