import Foundation

/// What was written to one folder, in order, from which the states are made that a power cut may leave.
///
/// The disk that is modelled keeps what was synced and owes nothing else:
/// 1. Of a file's writes and truncations since its last sync any may be there or not, in any
///    combination; one that is there may be torn, at multiples of 512 or 4,096 bytes; where a file is
///    longer than what reached it, there are zeros.
/// 2. Names that were made, renamed or removed since the folder's last sync have reached the disk up to
///    some moment and not after it, as journalling file systems have it; with `names`, each by itself,
///    so that a renamed file may be there under both names or under neither.
///
/// Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), list what file systems do.
package struct DiskTrace: Sendable {
    package enum Event: Sendable {
        case create(String)
        case write(String, offset: Int, bytes: [UInt8])
        case truncate(String, count: Int)
        case synchronize(String)
        case rename(String, to: String)
        case remove(String)
        case synchronizeFolder
        /// So many steps of the script have returned.
        case acknowledged(Int)
    }

    package var events: [Event] = []

    package init() {}

    /// What becomes of what was not synced.
    package enum Loss: String, Sendable, CaseIterable {
        case everything
        /// Nothing is lost: the process was killed, the machine was not.
        case nothing
        /// Each write is there or not.
        case some
        /// As `some`, and those that are there may be torn.
        case torn512, torn4096
        /// Files have their lengths, and zeros where the last writes belong.
        case zeroTails
        /// Contents as in `some`, and each name as it was at another moment since the folder's sync.
        case names
    }

    /// A file's content, which a name stands for.
    private struct File {
        var synced: [UInt8] = []
        /// Writes and truncations since.
        var pending: [Event] = []
    }

    /// What is on the disk after a power cut.
    package struct Remains: Sendable {
        package var files: [String: [UInt8]] = [:]
        /// Steps that had been acknowledged.
        package var acknowledged = 0

        /// Writes the files to another folder.
        package func write(from folder: String, to other: String) throws {
            try? FileManager.default.removeItem(atPath: other)
            try FileManager.default.createDirectory(
                atPath: other, withIntermediateDirectories: true)
            for (path, bytes) in files where path.hasPrefix(folder + "/") {
                let name = path.dropFirst(folder.count + 1)
                try Data(bytes).write(to: URL(fileURLWithPath: other + "/" + name))
            }
        }
    }

    /// The disk after a power cut that follows the first `count` events.
    package func remains(
        after count: Int, losing loss: Loss, random: inout some RandomNumberGenerator
    ) -> Remains {
        var files: [File] = []
        // Names as programs see them, and what happened to them since the folder was synced.
        var names: [String: Int] = [:]
        var syncedNames: [String: Int] = [:]
        var history: [[String: Int]] = []
        var result = Remains()
        for event in events.prefix(count) {
            switch event {
            case .create(let path):
                guard names[path] == nil else { continue }
                names[path] = files.count
                files.append(File())
                history.append(names)
            case .write(let path, _, _), .truncate(let path, _):
                if let file = names[path] { files[file].pending.append(event) }
            case .synchronize(let path):
                guard let file = names[path] else { continue }
                files[file].synced = files[file].pending.reduce(into: files[file].synced) {
                    Self.apply($1, to: &$0)
                }
                files[file].pending = []
            case .rename(let path, let destination):
                names[destination] = names.removeValue(forKey: path)
                history.append(names)
            case .remove(let path):
                names[path] = nil
                history.append(names)
            case .synchronizeFolder:
                syncedNames = names
                history = []
            case .acknowledged(let step): result.acknowledged = step
            }
        }
        for (path, file) in namesFound(in: [syncedNames] + history, losing: loss, random: &random) {
            result.files[path] = content(of: files[file], losing: loss, random: &random)
        }
        return result
    }

    /// The names that are found, of those at each moment from the folder's last sync on.
    private func namesFound(
        in states: [[String: Int]], losing loss: Loss, random: inout some RandomNumberGenerator
    ) -> [(key: String, value: Int)] {
        var found: [String: Int] = [:]
        switch loss {
        case .everything: found = states[0]
        case .nothing: found = states[states.count - 1]
        case .names:
            for path in Set(states.flatMap(\.keys)).sorted() {
                found[path] = states[Int.random(in: 0..<states.count, using: &random)][path]
            }
        default: found = states[Int.random(in: 0..<states.count, using: &random)]
        }
        // In an order that is the same in every process, for the sake of the random numbers.
        return found.sorted { $0.key < $1.key }
    }

    private func content(
        of file: File, losing loss: Loss, random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = file.synced
        for (index, event) in file.pending.enumerated() {
            switch loss {
            case .everything: break
            case .nothing: Self.apply(event, to: &bytes)
            case .some, .names: if Bool.random(using: &random) { Self.apply(event, to: &bytes) }
            case .torn512, .torn4096:
                let unit = loss == .torn512 ? 512 : 4096
                switch Int.random(in: 0..<3, using: &random) {
                case 0: break
                case 1: Self.apply(event, to: &bytes)
                default: Self.tear(event, unit: unit, &bytes, random: &random)
                }
            case .zeroTails:
                let isLast = index >= file.pending.count - 2
                Self.apply(isLast ? Self.zeroed(event) : event, to: &bytes)
            }
        }
        return bytes
    }

    private static func apply(_ event: Event, to bytes: inout [UInt8]) {
        switch event {
        case .write(_, let offset, let new):
            let end = offset + new.count
            if bytes.count < end {
                bytes += [UInt8](repeating: 0, count: end - bytes.count)
            }
            bytes.replaceSubrange(offset..<end, with: new)
        case .truncate(_, let count):
            if count <= bytes.count {
                bytes.removeLast(bytes.count - count)
            } else {
                bytes += [UInt8](repeating: 0, count: count - bytes.count)
            }
        default: break
        }
    }

    /// Some of the sectors that a write covers keep their old content.
    private static func tear(
        _ event: Event, unit: Int, _ bytes: inout [UInt8], random: inout some RandomNumberGenerator
    ) {
        guard case .write(let path, let offset, let new) = event else {
            return apply(event, to: &bytes)
        }
        var start = 0
        while start < new.count {
            let end = min(new.count, (offset + start) / unit * unit + unit - offset)
            if Bool.random(using: &random) {
                apply(
                    .write(path, offset: offset + start, bytes: Array(new[start..<end])),
                    to: &bytes)
            }
            start = end
        }
    }

    private static func zeroed(_ event: Event) -> Event {
        guard case .write(let path, let offset, let new) = event else { return event }
        return .write(path, offset: offset, bytes: [UInt8](repeating: 0, count: new.count))
    }
}
