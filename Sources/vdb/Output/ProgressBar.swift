import Foundation
import Synchronization

/// A line on a terminal's standard error that shows how far something has come: done of total,
/// rate, time left. Nothing is shown anywhere else.
final class ProgressBar: Sendable {
    private struct State {
        var lastDrawn: ContinuousClock.Instant?
        var isShown = false
    }

    private let unit: String
    private let isActive: Bool
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameter unit: what is counted, in the plural.
    init(unit: String, isQuiet: Bool) {
        self.unit = unit
        isActive = Messages.isTerminal && !isQuiet
    }

    /// Draws anew, ten times a second at most.
    ///
    /// - Parameters:
    ///   - total: an estimate is enough; `nil` where nothing is known.
    ///   - note: what is being done, where it is not the usual.
    func update(done: Int, total: Int?, note: String? = nil) {
        guard isActive else { return }
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.lastDrawn, now - last < .milliseconds(100) { return false }
            state.lastDrawn = now
            state.isShown = true
            return true
        }
        guard isDue else { return }
        let seconds = (now - started) / .seconds(1)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        var parts: [String] = []
        if let total, total > 0 {
            let share = min(1, Double(done) / Double(total))
            let filled = Int(share * 20)
            parts.append(
                String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled))
            parts.append("\(Int(share * 100)) %")
            parts.append("\(Self.grouped(done))/\(Self.grouped(total)) \(unit)")
        } else {
            parts.append("\(Self.grouped(done)) \(unit)")
        }
        parts.append("\(Self.grouped(Int(rate.rounded())))/s")
        if let note {
            parts.append(note)
        } else if let total, rate > 0, total > done {
            parts.append(Self.duration(Double(total - done) / rate) + " left")
        }
        let width = Terminal.width(of: STDERR_FILENO)
        Messages.raw(
            "\r" + Columns.truncated(parts.joined(separator: "  "), to: width - 1) + "\u{1B}[K")
    }

    /// Takes the line away.
    func clear() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { Messages.raw("\r\u{1B}[K") }
    }

    /// 1234567 as "1,234,567".
    static func grouped(_ number: Int) -> String {
        var digits = String(abs(number))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// "2:05", or "1:02:05".
    static func duration(_ seconds: Double) -> String {
        let total = Int(min(seconds.rounded(.up), 359_999))
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return hours > 0
            ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }
}
