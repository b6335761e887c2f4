import Foundation

/// Outside data that some tests compare with: `../shared/data`, beside the repository or above it.
package enum SharedData {
    /// A file of it; `nil` if it is not there.
    package static func file(_ name: String) -> URL? {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let file = folder.appending(path: "shared/data/\(name)")
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        return nil
    }
}
