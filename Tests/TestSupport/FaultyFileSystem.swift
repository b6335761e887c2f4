import FileFormat
import Foundation
import Synchronization

/// The operating system's files with faults put in: one chosen call fails, calls are interrupted, writes
/// are short. Counts the calls, so that a script can be run once for each of them.
package final class FaultyFileSystem: FileSystem {
    package struct Plan: Sendable {
        /// The call, counted from 1, that fails, and the errno value it fails with.
        package var failing: Int?
        package var code: Int32
        /// Every later call fails too, as on a full disk or a device that is gone.
        package var failsFromThere: Bool
        /// Every second call that may be interrupted is, once.
        package var interrupts: Bool
        /// Bytes that a write takes at most.
        package var longestWrite: Int

        package init(
            failing: Int? = nil, code: Int32 = EIO, failsFromThere: Bool = false,
            interrupts: Bool = false, longestWrite: Int = .max
        ) {
            self.failing = failing
            self.code = code
            self.failsFromThere = failsFromThere
            self.interrupts = interrupts
            self.longestWrite = longestWrite
        }
    }

    private struct State {
        var calls = 0
        var interruptNext = true
    }

    private let system = SystemFileSystem()
    private let plan: Plan
    private let state = Mutex(State())

    package init(_ plan: Plan = Plan()) { self.plan = plan }

    /// Calls made that could fail; interrupted ones do not count.
    package var calls: Int { state.withLock(\.calls) }

    private func step(_ operation: String, _ path: String) throws(FileError) {
        let code: Int32? = state.withLock { state in
            if plan.interrupts {
                state.interruptNext.toggle()
                if !state.interruptNext { return EINTR }
            }
            state.calls += 1
            guard let failing = plan.failing else { return nil }
            let fails = plan.failsFromThere ? state.calls >= failing : state.calls == failing
            return fails ? plan.code : nil
        }
        if let code { throw .system(operation: operation, path: path, code: code) }
    }

    package func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32 {
        try step("open", path)
        return try system.open(path, flags: flags, mode: mode)
    }

    package func close(_ descriptor: Int32) { system.close(descriptor) }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String)
        throws(FileError) -> Int
    {
        try step("write", path)
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(plan.longestWrite))
        return try system.write(descriptor, part, path: path)
    }

    package func readStart(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, path: String
    ) throws(FileError) -> Int {
        try step("read", path)
        return try system.readStart(descriptor, bytes, path: path)
    }

    package func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        try step("sync", path)
        try system.synchronize(descriptor, path: path)
    }

    package func truncate(_ descriptor: Int32, to count: Int, path: String) throws(FileError) {
        try step("truncate", path)
        try system.truncate(descriptor, to: count, path: path)
    }

    package func rename(_ source: String, to destination: String) throws(FileError) {
        try step("rename", source)
        try system.rename(source, to: destination)
    }

    package func remove(_ path: String) throws(FileError) {
        try step("remove", path)
        try system.remove(path)
    }

    package func size(_ descriptor: Int32, path: String) throws(FileError) -> Int {
        try step("read the size of", path)
        return try system.size(descriptor, path: path)
    }

    package func isLinked(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        try step("read the links of", path)
        return try system.isLinked(descriptor, path: path)
    }

    package func tryLock(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        try step("lock", path)
        return try system.tryLock(descriptor, path: path)
    }

    package func names(inFolder path: String) throws(FileError) -> [String] {
        try step("list", path)
        return try system.names(inFolder: path)
    }
}
