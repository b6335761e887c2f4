import Foundation
import Synchronization

/// Runs independent pieces of work on several threads and waits for all of them.
///
/// It uses threads rather than Swift tasks, since the pieces are long loops that would block the
/// cooperative pool.
package enum WorkerThreads {
    /// Calls `body(worker, index)` once for each index in 0 ..< count. Calls of one worker do not
    /// overlap, so `worker` (0 ..< threads) can select scratch memory. The calling thread is worker
    /// 0. Workers take the next index when they are free.
    package static func run(
        count: Int, threads: Int, _ body: @escaping @Sendable (_ worker: Int, _ index: Int) -> Void
    ) {
        let helpers = min(threads, count) - 1
        guard helpers > 0 else {
            for index in 0..<max(0, count) { body(0, index) }
            return
        }
        let team = Team(count: count, body: body)
        for worker in 1...helpers {
            let thread = Thread { team.work(as: worker, announcing: true) }
            thread.stackSize = 1 << 20
            thread.start()
        }
        team.work(as: 0, announcing: false)
        for _ in 1...helpers { team.finished.wait() }
    }

    /// The number of processors that this process may use.
    package static var processorCount: Int { ProcessInfo.processInfo.activeProcessorCount }

    private final class Team: Sendable {
        let count: Int
        let body: @Sendable (Int, Int) -> Void
        let next = Atomic<Int>(0)
        let finished = DispatchSemaphore(value: 0)

        init(count: Int, body: @escaping @Sendable (Int, Int) -> Void) {
            (self.count, self.body) = (count, body)
        }

        func work(as worker: Int, announcing: Bool) {
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { break }
                body(worker, index)
            }
            if announcing { finished.signal() }
        }
    }
}
