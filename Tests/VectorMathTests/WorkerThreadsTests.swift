import Synchronization
import Testing
import VectorMath

@Suite struct WorkerThreadsTests {
    @Test(arguments: [1, 2, 7, 40])
    func everyIndexRunsOnce(_ threads: Int) {
        let seen = Mutex([Int](repeating: 0, count: 1000))
        let workers = Mutex(Set<Int>())
        WorkerThreads.run(count: 1000, threads: threads) { worker, index in
            seen.withLock { $0[index] += 1 }
            workers.withLock { _ = $0.insert(worker) }
        }
        #expect(seen.withLock { $0 }.allSatisfy { $0 == 1 })
        #expect(workers.withLock { $0 }.allSatisfy { (0..<threads).contains($0) })
    }

    @Test func noWorkIsNoWork() {
        WorkerThreads.run(count: 0, threads: 4) { _, _ in Issue.record("called without work") }
    }
}
