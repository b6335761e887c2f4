import Dispatch

/// Runs tasks on threads that may block.
///
/// Storing waits for the disk, reading for a pipe, and encoding uses all cores. On Swift's shared
/// pool, which has one thread per core, that would starve the application's other tasks. Tasks that
/// prefer this executor run on libdispatch's threads instead; it starts more of them when some
/// block.
package final class BlockingExecutor: TaskExecutor {
    package static let shared = BlockingExecutor()

    private let queue = DispatchQueue(label: "vdb.blocking", attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
