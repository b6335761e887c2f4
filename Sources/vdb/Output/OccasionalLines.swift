import Synchronization

/// Lines on standard error for logs: at most one in an interval, and none for work that finishes sooner.
final class OccasionalLines: Sendable {
    private let last: Mutex<ContinuousClock.Instant>
    private let interval: Duration

    init(interval: Duration) {
        self.interval = interval
        last = Mutex(.now)
    }

    func say(_ text: @autoclosure () -> String) {
        let isDue = last.withLock { last in
            guard ContinuousClock.now - last >= interval else { return false }
            last = .now
            return true
        }
        if isDue { Messages.line(text()) }
    }
}
