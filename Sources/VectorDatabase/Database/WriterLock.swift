import FileFormat
import Foundation

/// The right to write to a database, which one process has at a time.
///
/// 1. `corpus.vdb-lock` is locked with `flock`: the kernel releases the lock when its holder ends,
/// however it ends.
/// 2. The file names its holder, for the error message of a process that has waited in vain. It is
/// never removed, so that all processes lock the same file.
/// 3. SQLite's own lock guards each transaction; this one spans a whole ingest.
final class WriterLock: Sendable {
    private let lock: FileLock

    private init(_ lock: FileLock) { self.lock = lock }

    /// Waits for the lock.
    ///
    /// - Parameter isWaiting: called once, after a second, with the holder.
    /// - Throws: `locked`, with the holder, after `timeout`; `CancellationError`.
    static func acquire(
        _ path: String, database: String, timeout: Duration, fileSystem: any FileSystem,
        isWaiting: (@Sendable (String?) -> Void)? = nil
    ) async throws -> WriterLock {
        let began = ContinuousClock.now
        var pause = Duration.milliseconds(2)
        var isWaiting = isWaiting
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
            if waited >= .seconds(1), let tell = isWaiting {
                tell(FileLock.holder(of: path))
                isWaiting = nil
            }
            try await Task.sleep(for: min(pause, timeout - waited))
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    func release() { lock.release() }

    /// This process, as named in another one's error message.
    private static var description: String {
        let name = CommandLine.arguments.first.map { ($0 as NSString).lastPathComponent } ?? "?"
        return "process \(getpid()) (\(name))"
    }
}
