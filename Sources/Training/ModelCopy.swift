import FileFormat
import Foundation

/// Copies the folder of a trained model.
package enum ModelCopy {
    /// Files that only a running or interrupted run needs; they are not copied.
    private static let temporary = [
        TrainingState.name, TokenFile.name, ReferenceScores.name, TeacherVectors.name,
    ]
    /// Copied last: a folder with weights is complete.
    private static let weights = ["model.safetensors", SavedAdapter.weightsName]

    /// Writes each file atomically. The decoder's path, which is relative to the folder, is
    /// adapted.
    ///
    /// - Throws: `TrainingError`
    package static func write(from source: String, to target: String) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(
                atPath: target, withIntermediateDirectories: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: source).filter { name in
                !temporary.contains { name.hasPrefix($0) }
            }
            for name in names.sorted() where !weights.contains(name) {
                try copy(name, from: source, to: target)
            }
            for name in weights where names.contains(name) {
                try copy(name, from: source, to: target)
            }
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .cannotWrite(path: target, error)
        }
    }

    private static func copy(_ name: String, from source: String, to target: String) throws {
        let path = source + "/" + name
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            !isFolder.boolValue
        else { return }
        let file = try AtomicFile(path: target + "/" + name)
        if name == SettingsFile.name {
            var settings = try SettingsFile(folder: source)
            if let decoder = settings.decoderFolder, settings.values.decoder?.hasPrefix("/") != true
            {
                settings.set("decoder", .string(RelativePath.from(target, to: decoder)))
            }
            try file.write(Array(settings.data()))
        } else {
            let mapped = try MappedFile(path: path)
            try withExtendedLifetime(mapped) { try file.write(mapped.bytes) }
        }
        try file.commit()
    }
}
