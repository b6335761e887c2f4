import Synchronization

/// Passes elements from one task to another, holding at most a given total weight.
///
/// 1. One producer calls `send`, then `finish` once; one consumer calls `receive` until `nil`.
/// 2. Order is kept. The producer is suspended while the weight held has reached the bound, so
/// memory stays bounded; an element heavier than the bound passes alone.
/// 3. The consumer gets a batch as soon as it is full, when its oldest element has waited for
/// `patience`, or at the end, so that a slow source is not held back.
/// 4. Cancelling either task ends its wait with `CancellationError`.
package final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [(element: Element, weight: Int)] = []
        var weight = 0
        var oldest: ContinuousClock.Instant?
        var isFinished = false
        var failure: (any Error)?
        var producer: CheckedContinuation<Void, any Error>?
        var consumer: CheckedContinuation<Void, any Error>?
        /// The batch that the waiting consumer asked for.
        var wanted = Batch(count: 1, weight: 0)

        mutating func takeConsumer() -> CheckedContinuation<Void, any Error>? {
            defer { consumer = nil }
            return consumer
        }

        mutating func takeProducer() -> CheckedContinuation<Void, any Error>? {
            defer { producer = nil }
            return producer
        }

        mutating func take(_ batch: Batch) -> [Element] {
            var count = 0
            var taken = 0
            while count < elements.count, count < batch.count, taken < batch.weight {
                taken += elements[count].weight
                count += 1
            }
            let result = elements[..<count].map(\.element)
            elements.removeFirst(count)
            weight -= taken
            oldest = elements.isEmpty ? nil : .now
            return result
        }
    }

    private enum Outcome {
        case some([Element])
        case end
        case failed(any Error)
        case wait(Duration?)
    }

    /// A batch is full when either bound is reached.
    package struct Batch {
        var count: Int
        var weight: Int

        package init(count: Int, weight: Int) {
            self.count = count
            self.weight = weight
        }
    }

    private let bound: Int
    private let patience: Duration
    private let state = Mutex(State())

    package init(bound: Int, patience: Duration) {
        self.bound = bound
        self.patience = patience
    }

    /// Appends an element, waiting for room if necessary.
    package func send(_ element: Element, weight: Int) async throws {
        try Task.checkCancellation()
        while true {
            let (accepted, consumer) = state.withLock {
                state -> (Bool, CheckedContinuation<Void, any Error>?) in
                guard state.weight < bound else { return (false, nil) }
                let isFirst = state.elements.isEmpty
                if isFirst { state.oldest = .now }
                state.elements.append((element, weight))
                state.weight += weight
                // The first element wakes a consumer so that it waits no longer than `patience`.
                return (true, isFirst || isReady(state) ? state.takeConsumer() : nil)
            }
            consumer?.resume()
            if accepted { return }
            try await wait(for: .room)
        }
    }

    /// Ends the queue; the consumer gets what is left, then `nil` or the error.
    package func finish(throwing failure: (any Error)? = nil) {
        let consumer = state.withLock { state in
            state.isFinished = true
            state.failure = failure
            return state.takeConsumer()
        }
        consumer?.resume()
    }

    /// The number of elements held.
    var count: Int { state.withLock { $0.elements.count } }

    /// The next batch in order, of at least one element; `nil` after the last.
    ///
    /// It has `batch.count` elements or reaches `batch.weight`, unless it was handed out early.
    package func receive(_ batch: Batch) async throws -> [Element]? {
        while true {
            try Task.checkCancellation()
            let (outcome, producer) = state.withLock {
                state -> (Outcome, CheckedContinuation<Void, any Error>?) in
                state.wanted = batch
                if isReady(state) || isOverdue(state) {
                    let taken = state.take(batch)
                    return (.some(taken), state.weight < bound ? state.takeProducer() : nil)
                }
                if state.isFinished {
                    return (state.failure.map { .failed($0) } ?? .end, nil)
                }
                return (.wait(state.oldest.map { patience - (.now - $0) }), nil)
            }
            producer?.resume()
            switch outcome {
            case .some(let elements): return elements
            case .end: return nil
            case .failed(let error): throw error
            case .wait(let duration): try await waitForElements(atMost: duration)
            }
        }
    }

    private func isReady(_ state: State) -> Bool {
        if state.elements.isEmpty { return false }
        return state.isFinished || state.elements.count >= state.wanted.count
            || state.weight >= min(bound, state.wanted.weight)
    }

    /// The oldest element has waited for long enough.
    private func isOverdue(_ state: State) -> Bool {
        guard let oldest = state.oldest else { return false }
        return .now - oldest >= patience
    }

    private enum Reason: Equatable {
        case room
        /// `isEmpty` is what the consumer saw; it decides what wakes it.
        case elements(isEmpty: Bool)
    }

    private func wait(for reason: Reason) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let resume = state.withLock { state -> Bool in
                    switch reason {
                    case .room:
                        if Task.isCancelled || state.weight < bound { return true }
                        state.producer = continuation
                    case .elements(let wasEmpty):
                        // The timer may have fired, or a first element arrived, before this lock
                        // was taken.
                        if Task.isCancelled || state.isFinished || isReady(state)
                            || isOverdue(state) || wasEmpty != state.elements.isEmpty
                        {
                            return true
                        }
                        state.consumer = continuation
                    }
                    return false
                }
                if resume { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                reason == .room ? state.takeProducer() : state.takeConsumer()
            }
            waiting?.resume(throwing: CancellationError())
        }
    }

    /// Waits until a batch is ready, at most for `duration`. With `nil` (an empty queue) it waits
    /// for the first element, which starts the clock.
    private func waitForElements(atMost duration: Duration?) async throws {
        guard let duration else { return try await wait(for: .elements(isEmpty: true)) }
        let alarm = Task {
            try await Task.sleep(for: duration)
            state.withLock { $0.takeConsumer() }?.resume()
        }
        defer { alarm.cancel() }
        try await wait(for: .elements(isEmpty: false))
    }
}
