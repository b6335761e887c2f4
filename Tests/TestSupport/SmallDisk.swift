import Foundation

/// A file system in memory of a given size, where mounting is possible (for root, mostly).
package final class SmallDisk {
    package let path: String
    private let scratch: ScratchFolder

    /// - Returns: nil, with a line that says so, where nothing can be mounted.
    package init?(megabytes: Int) throws {
        scratch = try ScratchFolder()
        path = scratch.file("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let options = "size=\(megabytes)m"
        guard Self.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) else {
            print("skipped: no file system can be mounted here")
            return nil
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
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
