import Foundation

/// A file system in memory of a given size, for tests that are `.enabled(if: SmallDisk.isAvailable)`.
package final class SmallDisk {
    package let path: String
    private let folder = TemporaryFolder()

    /// Nothing could be mounted, although `isAvailable`.
    package struct CannotMount: Error {}

    /// Whether this process may mount one: root may, mostly.
    package static let isAvailable = (try? SmallDisk(megabytes: 1))?.protect() ?? false

    /// Why a test is skipped.
    package static let unavailable = "no file system can be mounted here: run this as root"

    package init(megabytes: Int) throws {
        path = folder.file("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let options = "size=\(megabytes)m"
        guard Self.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) else {
            throw CannotMount()
        }
    }

    deinit { _ = Self.run("umount", "-l", path) }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Makes the medium read-only.
    package func protect() -> Bool { Self.run("mount", "-o", "remount,ro", path) }

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.start()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
