import Dispatch

/// Runs tasks on threads of its own, which may block.
///
/// Storing waits for the disk, reading for a pipe, encoding fills all cores: on Swift's shared
/// pool, which has a thread a core, that would starve an application's other tasks (on one core,
/// a read from a terminal would stop everything). Tasks that prefer this executor run on
/// libdispatch's threads instead, of which it starts more when some block.
final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    private let queue = DispatchQueue(label: "vdb.blocking", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
