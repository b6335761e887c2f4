import Synchronization

/// Lets one task at a time through, in the order of arrival.
///
/// Unlike a mutex it may be held across suspension points. A task that is canceled while it waits
/// leaves the queue with `CancellationError`.
final class AsyncLock: Sendable {
    private struct State {
        var isHeld = false
        var waiting: [(ticket: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var tickets = 0
    }

    private let state = Mutex(State())

    func withLock<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await acquire()
        defer { release() }
        return try await body()
    }

    private func acquire() async throws {
        try Task.checkCancellation()
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Outcome { case held, waiting, cancelled }
                let outcome = state.withLock { state -> Outcome in
                    if Task.isCancelled { return .cancelled }
                    if state.isHeld {
                        state.waiting.append((ticket, continuation))
                        return .waiting
                    }
                    state.isHeld = true
                    return .held
                }
                switch outcome {
                case .held: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waiting: break
                }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.waiting.firstIndex { $0.ticket == ticket }
                    .map { state.waiting.remove(at: $0).continuation }
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    private func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if state.waiting.isEmpty {
                state.isHeld = false
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }
}
