import Dispatch
import Synchronization
import VectorMath

/// Splits loops between a fixed number of threads.
package struct Parallel: Sendable {
    package let threads: Int

    package init(threads: Int) { self.threads = max(1, threads) }

    /// Runs `body(task, worker)` for every task. `worker` is in 0 ..< threads, and no two tasks of
    /// one worker run at once. Free workers take the next task, so that a busy core does not delay
    /// the rest; what a task writes must depend on the task alone.
    package func tasks(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
        let threads = count > 1 ? min(threads, ThreadLimit.current) : 1
        guard threads > 1 else {
            for task in 0..<count { body(task, 0) }
            return
        }
        let next = Atomic<Int>(0)
        // concurrentPerform returns after all calls have, so the body does not escape.
        withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { worker in
                while true {
                    let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard task < count else { return }
                    body(task, worker)
                }
            }
        }
    }

    /// Runs `body` over ranges that cover 0 ..< count. `cost` is the approximate number of
    /// operations for one element; little work stays on one thread.
    package func ranges(_ count: Int, cost: Int, _ body: (Range<Int>) -> Void) {
        let pieces = min(threads * 2, count, max(1, count * cost / 32_768))
        guard threads > 1, pieces > 1 else {
            if count > 0 { body(0..<count) }
            return
        }
        tasks(pieces) { piece, _ in
            body(count * piece / pieces..<count * (piece + 1) / pieces)
        }
    }
}
