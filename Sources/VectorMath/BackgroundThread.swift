import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Threads to which the system gives the time that other threads leave.
package enum BackgroundThread {
    /// How much less they get: about a tenth of what an ordinary thread gets that wants the same core.
    private static let niceness: Int32 = 10

    /// Runs `body` on a thread of its own, and waits for it.
    ///
    /// `body` must only compute. A thread that it starts inherits the low priority, and a thread of
    /// libdispatch that starts so would run other work later. Locks that ordinary threads need would be
    /// held for long.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) throws -> Result {
        let outcome = Outcome<Result>()
        let thread = Thread {
            #if os(Linux)
                // On Linux, of the calling thread only.
                _ = nice(niceness)
            #endif
            outcome.set(Swift.Result { try body() })
        }
        // That of a process's first thread; ordinary threads have less.
        thread.stackSize = 8 << 20
        thread.start()
        return try outcome.wait()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) private var result: Result<Value, any Error>?

        func set(_ result: Result<Value, any Error>) {
            self.result = result
            done.signal()
        }

        func wait() throws -> Value {
            done.wait()
            guard let result else { throw CancellationError() }
            return try result.get()
        }
    }
}
