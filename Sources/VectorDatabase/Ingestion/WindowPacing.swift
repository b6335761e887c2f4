import Synchronization

/// Chooses how many passages to encode together, so that each commit is about half a second's work.
///
/// Encoders differ in speed by a factor of a thousand. Too small a window wastes an encoder's
/// parallelism, too large a one delays acknowledgments. The window starts small and follows the
/// measured rate, at most doubling at each step.
final class WindowPacing: Sendable {
    private let maximum: Int
    private let target: Duration
    private let size: Mutex<Int>

    init(maximum: Int, target: Duration = .milliseconds(500)) {
        self.maximum = max(1, maximum)
        self.target = target
        size = Mutex(min(32, max(1, maximum)))
    }

    var current: Int { size.withLock { $0 } }

    /// Records how long encoding `count` passages took.
    func record(count: Int, took duration: Duration) {
        guard count > 0, duration > .zero else { return }
        let fitting = Double(count) * (target / duration)
        size.withLock { size in
            let bounded = min(fitting, Double(size) * 2, Double(maximum))
            size = max(min(8, maximum), Int(bounded))
        }
    }
}
