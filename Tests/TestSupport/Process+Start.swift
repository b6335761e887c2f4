import Foundation

/// Starts processes one at a time.
///
/// Foundation's `Process` closes the descriptors that exist when it starts a program, but not those
/// that other threads make meanwhile: the other end of a pipe then stays open in a program of
/// another test, and whoever waits for its end waits for that program, or forever.
package enum ProcessStart {
    private static let lock = NSLock()

    /// Runs `body` while no other thread is in this function.
    package static func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}

extension Process {
    /// Starts the program while no other thread starts one.
    package func start() throws { try ProcessStart.alone { try run() } }

    /// Waits for the program's end, and kills it after ten minutes: a program that hangs fails its test
    /// instead of all tests.
    package func waitUntilExitOrKill() {
        let deadline = ContinuousClock.now + .seconds(600)
        var pause: UInt32 = 500
        while isRunning, ContinuousClock.now < deadline {
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        if isRunning { kill(processIdentifier, SIGKILL) }
        waitUntilExit()
    }
}

extension Pipe {
    /// A pipe that no program inherits except as its standard input, output or errors.
    package static func uninherited() -> Pipe {
        ProcessStart.alone {
            let pipe = Pipe()
            for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
                _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
            }
            return pipe
        }
    }
}
