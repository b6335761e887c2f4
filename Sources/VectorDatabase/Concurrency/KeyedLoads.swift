import Foundation
import Synchronization

/// Loads a value once for each key, on the first thread that needs it; other threads wait.
///
/// No lock is held while a value loads, so that a load may ask for other values, and several keys
/// can load at once. A thread that would wait for itself, directly or through other threads' loads,
/// gets ``Cycle`` instead.
final class KeyedLoads<Value: Sendable>: Sendable {
    /// Waiting would never end.
    struct Cycle: Error {}

    private final class Load: Sendable {
        let owner: ObjectIdentifier
        /// Left when `result` is set.
        let done = DispatchGroup()
        let result = Mutex<Result<Value?, any Error>?>(nil)

        init(owner: ObjectIdentifier) {
            self.owner = owner
            done.enter()
        }
    }

    private enum Step {
        case present(Value)
        case wait(Load)
        case load(Load)
    }

    private struct State {
        var values: [String: Value] = [:]
        var running: [String: Load] = [:]
        /// The load that each thread waits for.
        var waiting: [ObjectIdentifier: Load] = [:]

        /// Whether `load` cannot end before `thread` continues.
        func dependsOn(_ thread: ObjectIdentifier, _ load: Load) -> Bool {
            var load: Load? = load
            while let current = load {
                if current.owner == thread { return true }
                load = waiting[current.owner]
            }
            return false
        }
    }

    private let state = Mutex(State())

    /// The value, if it has been loaded.
    func value(for key: String) -> Value? { state.withLock { $0.values[key] } }

    func set(_ value: Value, for key: String) { state.withLock { $0.values[key] = value } }

    /// The value, loaded by `load` if it is not present. A failure or `nil` is returned to all that
    /// waited, and is not kept.
    func value(for key: String, load: () throws -> Value?) throws -> Value? {
        let thread = ObjectIdentifier(Thread.current)
        let step = try state.withLock { state throws(Cycle) -> Step in
            if let value = state.values[key] { return .present(value) }
            guard let running = state.running[key] else {
                let new = Load(owner: thread)
                state.running[key] = new
                return .load(new)
            }
            if state.dependsOn(thread, running) { throw Cycle() }
            state.waiting[thread] = running
            return .wait(running)
        }
        switch step {
        case .present(let value): return value
        case .wait(let running):
            running.done.wait()
            state.withLock { _ = $0.waiting.removeValue(forKey: thread) }
            return try running.result.withLock { $0 }?.get()
        case .load(let new):
            let result = Result { try load() }
            new.result.withLock { $0 = result }
            state.withLock { state in
                state.running[key] = nil
                if case .success(let value?) = result { state.values[key] = value }
            }
            new.done.leave()
            return try result.get()
        }
    }
}
