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

    /// What a line shows.
    struct Content {
        /// What part is done, from 0 to 1; `nil` if that is not known.
        var share: Double?
        var parts: [String]
        /// The columns of the bar.
        var width = 20
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
        draw { state in
            Self.content(
                done: done, total: total, before: before, unit: state.unit,
                note: note ?? state.activity, seconds: state.seconds)
        }
    }

    /// Redraws the line, ten times a second at most, or writes one to a log from time to time.
    ///
    /// - Parameter content: called if something is shown.
    func draw(
        _ content: (_ state: (unit: String, activity: String?, seconds: Double)) -> Content
    ) {
        if isQuiet { return }
        func shown(_ state: State, at now: ContinuousClock.Instant) -> Content {
            content((state.unit, state.activity, (now - state.started) / .seconds(1)))
        }
        guard Messages.isTerminal else {
            occasionally.say(
                Self.drawn(shown(state.withLock { $0 }, at: .now), hasBar: false))
            return
        }
        let line = state.withLock { state -> String? in
            let now = ContinuousClock.now
            if let last = state.lastDrawn, now - last < .milliseconds(100) { return nil }
            state.lastDrawn = now
            state.isShown = true
            return Self.drawn(shown(state, at: now))
        }
        guard let line else { return }
        let width = Terminal.width(of: STDERR_FILENO)
        Messages.raw("\r" + Columns.truncated(line, to: width - 1) + Terminal.clearing)
    }

    /// The content as one line, with a bar.
    static func drawn(_ content: Content, hasBar: Bool = true) -> String {
        var parts = content.parts
        if hasBar, let share = content.share {
            let filled = Int(min(1, max(0, share)) * Double(content.width))
            let rest = content.width - filled
            parts.insert(
                String(repeating: "█", count: filled) + String(repeating: "░", count: rest), at: 0)
        }
        return parts.joined(separator: "  ")
    }

    static func text(
        done: Int, total: Int?, before: Int = 0, unit: String, note: String?, seconds: Double,
        hasBar: Bool = true
    ) -> String {
        drawn(
            content(
                done: done, total: total, before: before, unit: unit, note: note, seconds: seconds),
            hasBar: hasBar)
    }

    private static func content(
        done: Int, total: Int?, before: Int, unit: String, note: String?, seconds: Double
    ) -> Content {
        let rate = seconds > 0 ? Double(done - before) / seconds : 0
        var parts: [String] = []
        var share: Double?
        if let total, total > 0 {
            let part = min(1, Double(done) / Double(total))
            share = part
            parts.append("\(Int(part * 100)) %")
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
        return Content(share: share, parts: parts)
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
