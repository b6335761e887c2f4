import FileFormat
import Foundation

/// The right to write to a database, which one process has at a time.
///
/// 1. `corpus.vdb-lock` is locked by `flock`: the kernel gives the lock back when its holder ends,
///    however that happens.
/// 2. The file says who holds it, for the message that a waiting process gives up with. It is never
///    removed, so that all processes lock the same file.
/// 3. SQLite's own lock guards each transaction beneath; this one spans an ingest as a whole.
final class WriterLock: Sendable {
    private let lock: FileLock

    private init(_ lock: FileLock) { self.lock = lock }

    /// Waits for the lock.
    ///
    /// - Throws: `locked` with the holder when it takes longer than `timeout`; `CancellationError`.
    static func acquire(
        _ path: String, database: String, timeout: Duration, fileSystem: any FileSystem
    ) async throws -> WriterLock {
        let began = ContinuousClock.now
        var pause = Duration.milliseconds(2)
        while true {
            do throws(FileError) {
                if let lock = try FileLock(
                    path: path, holder: description, fileSystem: fileSystem)
                {
                    return WriterLock(lock)
                }
            } catch {
                if case .system(_, _, let code) = error, code == EACCES || code == EROFS {
                    throw DatabaseError.readOnly(path: database)
                }
                throw error
            }
            let waited = ContinuousClock.now - began
            if waited >= timeout {
                throw DatabaseError.locked(
                    path: database, holder: FileLock.holder(of: path),
                    seconds: timeout / .seconds(1))
            }
            try await Task.sleep(for: min(pause, timeout - waited))
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    func release() { lock.release() }

    /// Who we are: for the message of another process.
    private static var description: String {
        let name = CommandLine.arguments.first.map { ($0 as NSString).lastPathComponent } ?? "?"
        return "process \(getpid()) (\(name))"
    }
}
