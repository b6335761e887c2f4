import Dispatch
import Foundation
import Synchronization

/// Handles SIGINT and SIGTERM.
///
/// A command that writes calls `finishesCleanly`: the first signal then cancels its task, which stops
/// at the next safe point. A second signal, or the end of the granted time, ends the process at once,
/// which does not lose anything that was acknowledged either. A server calls `calls` instead, to end in
/// its own way. Any other command ends at the first signal.
enum Interruption {
    private struct State {
        var cancel: (@Sendable () -> Void)?
        var finishesCleanly = false
        var patience: Double? = 5
        var isCancelled = false
    }

    private static let state = Mutex(State())
    // Written once by `watch`, before anything else runs; kept so that they stay alive.
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []
    // Written once by `watchHangup`.
    nonisolated(unsafe) private static var hangup: (any DispatchSourceSignal)?

    static func watch(_ cancel: @escaping @Sendable () -> Void) {
        state.withLock { $0.cancel = cancel }
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { received() }
            source.resume()
            sources.append(source)
        }
    }

    /// From now on, the first signal lets the command continue to a safe point.
    ///
    /// - Parameter seconds: the time granted for that; `nil` for as long as it takes.
    static func finishesCleanly(within seconds: Double? = 5) {
        state.withLock { state in
            state.finishesCleanly = true
            state.patience = seconds
        }
    }

    /// From now on, the first signal calls `stop` instead of canceling the command's task.
    static func calls(_ stop: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.cancel = stop
            state.finishesCleanly = true
            state.patience = nil
        }
    }

    /// Calls `reload` for each SIGHUP.
    static func watchHangup(_ reload: @escaping @Sendable () -> Void) {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler(handler: reload)
        source.resume()
        hangup = source
    }

    /// Whether a signal was received, for work that is not a task.
    static var isRequested: Bool { state.withLock { $0.isCancelled } }

    private static func received() {
        let (cancel, patience) = state.withLock { state -> ((@Sendable () -> Void)?, Double?) in
            guard state.finishesCleanly, !state.isCancelled else { return (nil, nil) }
            state.isCancelled = true
            return (state.cancel, state.patience)
        }
        guard let cancel else { end() }
        cancel()
        if let patience {
            DispatchQueue.global().asyncAfter(deadline: .now() + patience) { end() }
        } else if Messages.isTerminal {
            // It may take minutes.
            Messages.line("\nstopping after this step; interrupt again to stop at once")
        }
    }

    private static func end() -> Never {
        Messages.error("interrupted")
        _exit(ExitStatus.interrupted.rawValue)
    }
}
