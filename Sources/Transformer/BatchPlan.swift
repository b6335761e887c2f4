import Dispatch
import Synchronization
import VectorMath

/// Groups sequences into packed batches.
package enum BatchPlan {
    /// The most rows of a batch: enough that converting weights costs only a percent or two, few
    /// enough that activations stay in the cache.
    package static let mostRows = 512

    /// Sorts sequences by length, longest first, and fills batches; with several threads, batches
    /// are small enough that each thread has some. Every sequence appears once; the order in
    /// batches is arbitrary, because results do not depend on it.
    static func batches(lengths: [Int], threads: Int) -> [[Int]] {
        let total = lengths.reduce(0, +)
        let share = (total + threads - 1) / max(1, threads)
        let limit = min(mostRows, max(share, 32))
        var batches: [[Int]] = []
        var current: [Int] = []
        var rows = 0
        for index in lengths.indices.sorted(by: { (lengths[$0], $1) > (lengths[$1], $0) }) {
            if !current.isEmpty, rows + lengths[index] > limit {
                batches.append(current)
                (current, rows) = ([], 0)
            }
            current.append(index)
            rows += lengths[index]
        }
        if !current.isEmpty { batches.append(current) }
        return batches
    }

    /// Runs `body` for each batch on up to `threads` workers, which each make a state for themselves
    /// first, and throws the first error.
    package static func run<State>(
        lengths: [Int], threads: Int, isCancelled: @Sendable () -> Bool,
        makeState: @Sendable () -> State,
        _ body: @Sendable (State, [Int]) throws(ModelError) -> Void
    ) throws(ModelError) {
        let threads = min(threads, ThreadLimit.current)
        let batches = batches(lengths: lengths, threads: threads)
        let next = Atomic<Int>(0)
        let failure = Mutex<ModelError?>(nil)
        @Sendable func work() {
            let state = makeState()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batches.count, failure.withLock({ $0 == nil }) else { return }
                do throws(ModelError) {
                    if isCancelled() { throw .cancelled }
                    try body(state, batches[index])
                } catch {
                    failure.withLock { if $0 == nil { $0 = error } }
                }
            }
        }
        let workers = max(1, min(threads, batches.count))
        if workers == 1 {
            work()
        } else {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
