import CFaultVFS
import FileFormat
import Foundation
import GRDBSQLite
import Synchronization

/// Stands between a database and its disk: beneath SQLite as a VFS, beneath the files of our own as a
/// `FileSystem`. It counts the operations on one folder, lets one fail, and records what is written.
///
///     SQLite ── fault VFS ──┐
///                           ├── count ── fail? ── record ── the real file
///     caches, lock, backup ─┘
package final class FaultMachine: FileSystem {
    package enum Kind: Sendable, CaseIterable {
        /// The device reports an error.
        case inputOutput
        /// The disk is full, and stays so while the fault lasts.
        case full
        /// The disk takes the first half of what is written.
        case shortWrite
        /// A signal interrupts the call, which is to be made again. (SQLite's own calls lie beneath its
        /// VFS, where it sees to that itself.)
        case interrupted

        var errno: Int32 {
            switch self {
            case .inputOutput: EIO
            case .full, .shortWrite: ENOSPC
            case .interrupted: EINTR
            }
        }

        /// Whether this is how an operation may fail: a full disk can still be read.
        func concerns(isWrite: Bool, isOurs: Bool) -> Bool {
            switch self {
            case .inputOutput: true
            case .full, .shortWrite: isWrite
            case .interrupted: isOurs
            }
        }
    }

    package struct Plan: Sendable {
        /// The operation, counted from 1 among those that can fail so; nil for none.
        package var failing: Int?
        package var kind = Kind.inputOutput
        /// Every later one fails, too; of interruptions, every second one.
        package var lasts = false

        package init() {}
    }

    private struct State {
        var plan = Plan()
        var operations = 0
        var failures = 0
        var trace: DiskTrace?
    }

    package let folder: String
    private let system = SystemFileSystem()
    private let state = Mutex(State())

    /// - Parameter records: whether what is written is kept, for `DiskTrace`.
    package init(folder: String, records: Bool = false) {
        self.folder = folder
        if records { state.withLock { $0.trace = DiskTrace() } }
        guard fault_vfs_register() == SQLITE_OK else {
            preconditionFailure("SQLite takes no VFS")
        }
        let machine = Unmanaged.passUnretained(self).toOpaque()
        let isWatched = fault_vfs_watch(
            folder + "/",
            { machine, event in
                guard let machine, let event else { return SQLITE_OK }
                return Unmanaged<FaultMachine>.fromOpaque(machine).takeUnretainedValue()
                    .code(for: event.pointee)
            }, machine)
        precondition(isWatched == 1, "too many folders are watched")
    }

    /// Ends the watch. Every connection to the folder's databases must have been closed.
    package func stop() { fault_vfs_unwatch(folder + "/") }

    package var plan: Plan {
        get { state.withLock(\.plan) }
        set {
            state.withLock { state in
                state.plan = newValue
                state.operations = 0
                state.failures = 0
            }
        }
    }

    /// Operations since the plan was made that can fail as it says.
    package var operations: Int { state.withLock(\.operations) }
    /// How many of them failed.
    package var failures: Int { state.withLock(\.failures) }
    package var trace: DiskTrace? { state.withLock(\.trace) }

    /// Notes in the trace that so many steps are acknowledged.
    package func acknowledge(_ step: Int) { record(.acknowledged(step)) }

    private func record(_ event: DiskTrace.Event) {
        state.withLock { $0.trace?.events.append(event) }
    }

    /// Counts an operation.
    /// - Returns: how it fails, if it does.
    private func step(isWrite: Bool, isOurs: Bool) -> Kind? {
        state.withLock { state in
            let (plan, kind) = (state.plan, state.plan.kind)
            guard kind.concerns(isWrite: isWrite, isOurs: isOurs) else { return nil }
            state.operations += 1
            guard let failing = plan.failing else { return nil }
            let since = state.operations - failing
            let isStruck =
                plan.lasts ? since >= 0 && (kind != .interrupted || since % 2 == 0) : since == 0
            guard isStruck else { return nil }
            state.failures += 1
            return kind
        }
    }

    // MARK: SQLite

    private func code(for event: fault_vfs_event) -> CInt {
        let path = event.path.map { String(cString: $0) } ?? ""
        let isWrite =
            switch event.operation {
            case FAULT_VFS_WRITE, FAULT_VFS_TRUNCATE, FAULT_VFS_SYNC, FAULT_VFS_SHARED_MEMORY: true
            case FAULT_VFS_OPEN: event.flag != 0 && access(path, F_OK) != 0
            default: false
            }
        if let kind = step(isWrite: isWrite, isOurs: false) {
            return failure(kind, event.operation)
        }
        switch event.operation {
        case FAULT_VFS_OPEN where event.flag != 0: record(.create(path))
        case FAULT_VFS_WRITE:
            let bytes = UnsafeRawBufferPointer(start: event.bytes, count: Int(event.count))
            record(.write(path, offset: Int(event.offset), bytes: Array(bytes)))
        case FAULT_VFS_TRUNCATE: record(.truncate(path, count: Int(event.count)))
        case FAULT_VFS_SYNC:
            record(.synchronize(path))
            if event.flag != 0 { record(.synchronizeFolder) }
        case FAULT_VFS_DELETE:
            record(.remove(path))
            if event.flag != 0 { record(.synchronizeFolder) }
        default: break
        }
        return SQLITE_OK
    }

    private func failure(_ kind: Kind, _ operation: fault_vfs_operation) -> CInt {
        // Extended codes are primary ones with a number in the upper bits (sqlite3.h).
        func inputOutput(_ number: CInt) -> CInt { SQLITE_IOERR | number << 8 }
        switch operation {
        case FAULT_VFS_OPEN: return SQLITE_CANTOPEN
        case FAULT_VFS_READ: return inputOutput(1)
        case FAULT_VFS_WRITE:
            switch kind {
            case .inputOutput: return inputOutput(3)
            case .full, .interrupted: return SQLITE_FULL
            case .shortWrite: return -SQLITE_FULL
            }
        case FAULT_VFS_SYNC: return inputOutput(4)
        case FAULT_VFS_TRUNCATE: return inputOutput(6)
        case FAULT_VFS_SIZE: return inputOutput(7)
        case FAULT_VFS_DELETE: return inputOutput(10)
        default: return inputOutput(19)
        }
    }

    // MARK: FileSystem

    private func check(_ operation: String, _ path: String, isWrite: Bool = false)
        throws(FileError)
    {
        guard let kind = step(isWrite: isWrite, isOurs: true) else { return }
        throw .system(operation: operation, path: path, code: kind.errno)
    }

    package func open(_ path: String, flags: Int32, mode: mode_t) throws(FileError) -> Int32 {
        try check("open", path, isWrite: flags & O_CREAT != 0 && access(path, F_OK) != 0)
        let descriptor = try system.open(path, flags: flags, mode: mode)
        if flags & O_CREAT != 0 { record(.create(path)) }
        return descriptor
    }

    package func close(_ descriptor: Int32) { system.close(descriptor) }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String)
        throws(FileError) -> Int
    {
        let offset = Int(lseek(descriptor, 0, SEEK_CUR))
        if let kind = step(isWrite: true, isOurs: true) {
            guard kind == .shortWrite, bytes.count > 1 else {
                throw .system(operation: "write", path: path, code: kind.errno)
            }
            let half = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2))
            return try system.write(descriptor, half, path: path)
        }
        let count = try system.write(descriptor, bytes, path: path)
        record(.write(path, offset: offset, bytes: Array(bytes.prefix(count))))
        return count
    }

    package func readStart(
        _ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, path: String
    ) throws(FileError) -> Int {
        try check("read", path)
        return try system.readStart(descriptor, bytes, path: path)
    }

    package func synchronize(_ descriptor: Int32, path: String) throws(FileError) {
        try check("sync", path, isWrite: true)
        try system.synchronize(descriptor, path: path)
        var status = stat()
        let isFolder = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        record(isFolder ? .synchronizeFolder : .synchronize(path))
    }

    package func truncate(_ descriptor: Int32, to count: Int, path: String) throws(FileError) {
        try check("truncate", path, isWrite: true)
        try system.truncate(descriptor, to: count, path: path)
        record(.truncate(path, count: count))
    }

    package func rename(_ source: String, to destination: String) throws(FileError) {
        try check("rename", source, isWrite: true)
        try system.rename(source, to: destination)
        record(.rename(source, to: destination))
    }

    package func remove(_ path: String) throws(FileError) {
        try check("remove", path)
        try system.remove(path)
        record(.remove(path))
    }

    package func size(_ descriptor: Int32, path: String) throws(FileError) -> Int {
        try check("read the size of", path)
        return try system.size(descriptor, path: path)
    }

    package func isLinked(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        try check("read the links of", path)
        return try system.isLinked(descriptor, path: path)
    }

    package func tryLock(_ descriptor: Int32, path: String) throws(FileError) -> Bool {
        try check("lock", path)
        return try system.tryLock(descriptor, path: path)
    }

    package func names(inFolder path: String) throws(FileError) -> [String] {
        try check("list", path)
        return try system.names(inFolder: path)
    }
}
