import Foundation
import Synchronization

/// Counts what happens to the files of a folder (Linux's inotify): made, written to, renamed, removed,
/// closed after writing.
///
/// A command's short but delicate steps (a rename, the last page of a transaction) take microseconds
/// of its seconds: a kill at a random time hardly ever meets them, one at a random event often does.
final class FolderEvents: Sendable {
    private let descriptor: Int32
    private let state = Mutex((count: 0, isOver: false))

    private static let kinds = UInt32(
        IN_CREATE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE)

    /// - Parameter limit: after so many events `reached` is called, once, on another thread.
    init?(folder: String, limit: Int?, reached: @escaping @Sendable () -> Void) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, folder, Self.kinds) >= 0 else {
            close(descriptor)
            return nil
        }
        let thread = Thread { [self] in
            watch(limit: limit, reached)
            close(descriptor)
        }
        thread.qualityOfService = .userInteractive
        thread.start()
    }

    /// Ends the count.
    /// - Returns: how many there were.
    func stop() -> Int {
        // What has happened by now is in the queue; a moment for the thread that reads it.
        usleep(2000)
        return state.withLock {
            $0.isOver = true
            return $0.count
        }
    }

    private func watch(limit: Int?, _ reached: () -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !state.withLock(\.isOver) {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20) > 0 else { continue }
            let bytes = read(descriptor, &buffer, buffer.count)
            guard bytes > 0 else { continue }
            let (before, after) = state.withLock { state in
                let before = state.count
                state.count += Self.events(in: buffer[..<bytes])
                return (before, state.count)
            }
            if let limit, before < limit, after >= limit { reached() }
        }
    }

    /// Each is a header of four 32-bit numbers, the last the length of the name behind it.
    private static func events(in bytes: ArraySlice<UInt8>) -> Int {
        var offset = bytes.startIndex
        var count = 0
        while offset + 16 <= bytes.endIndex {
            let length = bytes[offset + 12..<offset + 16].withUnsafeBytes {
                Int($0.loadUnaligned(as: UInt32.self))
            }
            offset += 16 + length
            count += 1
        }
        return count
    }
}
