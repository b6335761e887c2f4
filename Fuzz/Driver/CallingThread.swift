import Foundation

/// Runs asynchronous functions on the thread that asks, so that an input costs no change of threads,
/// which on a busy machine costs more than reading the input.
final class CallingThread: TaskExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []

    func enqueue(_ job: UnownedJob) {
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    /// Runs `body` to its end, here.
    func run(_ body: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Outcome()
        Task(executorPreference: self) {
            do {
                try await body()
                outcome.result = .success(())
            } catch { outcome.result = .failure(error) }
        }
        while outcome.result == nil {
            let next = condition.withLock {
                while jobs.isEmpty { condition.wait() }
                return jobs.removeFirst()
            }
            next.runSynchronously(on: asUnownedTaskExecutor())
        }
        try outcome.result?.get()
    }

    /// Written and read on one thread alone.
    private final class Outcome: @unchecked Sendable {
        var result: Result<Void, any Error>?
    }
}
