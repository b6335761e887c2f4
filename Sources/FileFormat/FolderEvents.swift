#if os(Linux)
    import Dispatch
    import Foundation
    import Synchronization

    /// Tells when something changes in folders, by Linux's inotify.
    package final class FolderEvents: Sendable {
        private let descriptor: Int32
        // Dispatch's sources may be used from any thread, but are not declared so.
        nonisolated(unsafe) private let source: any DispatchSourceRead
        private let watches = Mutex<Set<Int32>>([])
        private let last = LastChange()

        private final class LastChange: Sendable {
            let time = Mutex(ContinuousClock.now)
        }

        /// An element for changes since the last one was taken; ends with this object.
        package let changes: AsyncStream<Void>

        /// - Parameter isRelevant: whether a name in a folder matters.
        package init(isRelevant: @escaping @Sendable ([UInt8]) -> Bool) throws(FileError) {
            descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
            guard descriptor >= 0 else {
                throw .system(operation: "watch folders", path: "inotify", code: errno)
            }
            let (stream, continuation) = AsyncStream<Void>.makeStream(
                bufferingPolicy: .bufferingNewest(1))
            changes = stream
            source = DispatchSource.makeReadSource(
                fileDescriptor: descriptor, queue: DispatchQueue(label: "vdb.folder-events"))
            source.setEventHandler { [descriptor, last] in
                guard Self.readEvents(descriptor, isRelevant) else { return }
                last.time.withLock { $0 = .now }
                continuation.yield()
            }
            source.setCancelHandler { [descriptor] in
                close(descriptor)
                continuation.finish()
            }
            source.resume()
        }

        deinit { source.cancel() }

        /// The time of the last change that matters.
        package var lastChange: ContinuousClock.Instant { last.time.withLock { $0 } }

        /// What changes can be relied on to tell.
        package enum Coverage: Sendable {
            /// The folders were watched before, and are.
            case unchanged
            /// Some were not watched before: what happened in them until now is unknown.
            case new
            /// Some cannot be watched, since they do not exist: nothing tells when they come back.
            case missing
        }

        /// Watches these folders, and no longer any other. Those that do not exist are left out.
        ///
        /// - Throws: if there are more folders than the system allows (`fs.inotify.max_user_watches`).
        package func watch(_ folders: [[UInt8]]) throws(FileError) -> Coverage {
            let mask =
                UInt32(IN_CLOSE_WRITE) | UInt32(IN_MODIFY) | UInt32(IN_ATTRIB) | UInt32(IN_CREATE)
                | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO)
                | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
            var wanted: Set<Int32> = []
            var isMissing = false
            for folder in folders {
                let watch = (folder + [0]).withUnsafeBytes { path in
                    inotify_add_watch(
                        descriptor, path.baseAddress!.assumingMemoryBound(to: CChar.self), mask)
                }
                if watch >= 0 {
                    wanted.insert(watch)
                } else if errno == ENOSPC || errno == ENOMEM {
                    throw .system(
                        operation: "watch", path: String(decoding: folder, as: UTF8.self),
                        code: errno)
                } else if errno == ENOENT || errno == ENOTDIR {
                    isMissing = true
                }
            }
            return watches.withLock { watches in
                for old in watches.subtracting(wanted) { inotify_rm_watch(descriptor, old) }
                let isNew = !wanted.subtracting(watches).isEmpty
                watches = wanted
                return isMissing ? .missing : isNew ? .new : .unchanged
            }
        }

        /// Reads what has happened; whether any of it matters.
        private static func readEvents(
            _ descriptor: Int32, _ isRelevant: ([UInt8]) -> Bool
        ) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let header = MemoryLayout<inotify_event>.size
            var matters = false
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return matters }
                buffer.withUnsafeBytes { bytes in
                    var offset = 0
                    while offset + header <= count {
                        let event = bytes.loadUnaligned(
                            fromByteOffset: offset, as: inotify_event.self)
                        let end = min(count, offset + header + Int(event.len))
                        let name = bytes[(offset + header)..<end].prefix { $0 != 0 }
                        offset = end
                        if event.mask & UInt32(IN_IGNORED) != 0 { continue }
                        // Without a name it is the folder itself, or events were lost.
                        if name.isEmpty || isRelevant(Array(name)) { matters = true }
                    }
                }
            }
        }
    }
#endif
