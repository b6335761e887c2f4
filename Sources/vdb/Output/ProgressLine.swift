import Foundation
import Synchronization

/// A progress line on standard error: done of total, rate, time left. Without a terminal it is a new
/// line from time to time, and none for work that finishes sooner.
final class ProgressLine: Sendable {
    private struct State {
        /// What is counted, in the plural.
        var unit: String
        /// What is being done, if that is not clear from the unit.
        var activity: String?
        var started = ContinuousClock.now
        var lastDrawn: ContinuousClock.Instant?
        var isShown = false
    }

    private let isQuiet: Bool
    private let occasionally: OccasionalLines
    private let state: Mutex<State>

    /// - Parameters:
    ///   - unit: what is counted, in the plural.
    ///   - interval: between lines without a terminal.
    init(unit: String = "", isQuiet: Bool, interval: Duration = .seconds(10)) {
        self.isQuiet = isQuiet
        occasionally = OccasionalLines(interval: interval)
        state = Mutex(State(unit: unit))
    }

    /// Switches to counting something else. Does nothing if it is already counted.
    func begin(_ unit: String, _ activity: String? = nil) {
        state.withLock { state in
            guard state.unit != unit || state.activity != activity else { return }
            state = State(unit: unit, activity: activity, isShown: state.isShown)
        }
    }

    /// Redraws the line, ten times a second at most; without a terminal, prints it if it is time.
    ///
    /// - Parameters:
    ///   - total: an estimate is enough; `nil` if it is not known.
    ///   - before: what was done before this run, which says nothing of the rate.
    ///   - note: shown at the end, in place of the activity and the time left.
    func update(done: Int, total: Int?, before: Int = 0, note: String? = nil) {
        if isQuiet { return }
        func text(_ state: State, at now: ContinuousClock.Instant, hasBar: Bool) -> String {
            Self.text(
                done: done, total: total, before: before, unit: state.unit,
                note: note ?? state.activity, seconds: (now - state.started) / .seconds(1),
                hasBar: hasBar)
        }
        guard Messages.isTerminal else {
            occasionally.say(text(state.withLock { $0 }, at: .now, hasBar: false))
            return
        }
        let line = state.withLock { state -> String? in
            let now = ContinuousClock.now
            if let last = state.lastDrawn, now - last < .milliseconds(100) { return nil }
            state.lastDrawn = now
            state.isShown = true
            return text(state, at: now, hasBar: true)
        }
        guard let line else { return }
        let width = Terminal.width(of: STDERR_FILENO)
        Messages.raw("\r" + Columns.truncated(line, to: width - 1) + Terminal.clearing)
    }

    static func text(
        done: Int, total: Int?, before: Int = 0, unit: String, note: String?, seconds: Double,
        hasBar: Bool = true
    ) -> String {
        let rate = seconds > 0 ? Double(done - before) / seconds : 0
        var parts: [String] = []
        if let total, total > 0 {
            let share = min(1, Double(done) / Double(total))
            if hasBar {
                let filled = Int(share * 20)
                parts.append(
                    String(repeating: "█", count: filled)
                        + String(repeating: "░", count: 20 - filled))
            }
            parts.append("\(Int(share * 100)) %")
            parts.append("\(Figures.grouped(done))/\(Figures.grouped(total)) \(unit)")
        } else {
            parts.append("\(Figures.grouped(done)) \(unit)")
        }
        if rate >= 1 { parts.append("\(Figures.grouped(Int(rate.rounded())))/s") }
        if let note {
            parts.append(note)
        } else if let total, rate > 0, total > done {
            parts.append(Figures.duration(Double(total - done) / rate) + " left")
        }
        return parts.joined(separator: "  ")
    }

    /// Erases the line.
    func clear() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { Messages.raw("\r" + Terminal.clearing) }
    }

    /// Writes a line that stays, above the progress.
    func say(_ text: String) {
        guard !isQuiet else { return }
        clear()
        Messages.line(text)
    }
}
