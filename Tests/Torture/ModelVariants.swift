import Foundation

/// Copies of a model with one weight changed a little: each has its own fingerprint.
package struct ModelVariants {
    private let files: [(name: String, data: Data)]

    package init(files: [(name: String, data: Data)]) { self.files = files }

    package init(folder: String) throws {
        files = try FileManager.default.contentsOfDirectory(atPath: folder).map {
            ($0, try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)))
        }
    }

    /// - Returns: the folders: `path` and a number.
    package func write(count: Int, to path: String) throws -> [String] {
        try (1...count).map { number in
            let folder = path + "\(number)"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            for (name, data) in files {
                var data = data
                // The last bits of numbers in either width.
                if name.hasSuffix(".safetensors") { data[data.count - 4 * number] ^= 1 }
                try data.write(to: URL(fileURLWithPath: folder + "/" + name))
            }
            return folder
        }
    }
}
