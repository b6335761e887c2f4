import AutoRegEmbed
import DefaultModel
import FileFormat
import Foundation
import JSON

/// A model that is no folder of its own, as a folder, for training that starts from it: the built-in
/// model, or a GGUF file, whose weights are written in float32.
///
/// It lies in the folder that is being written, since a model whose weights have all been trained
/// keeps its base as its decoder; beside an adapter it is not needed once the run is done.
struct StartingModelFolder {
    private enum Source {
        case builtIn
        case gguf(URL)
    }

    let path: String
    private let source: Source

    /// Nil if `model` is a folder already.
    ///
    /// - Parameter model: nil: the built-in one.
    init?(_ model: URL?, in output: String) {
        path = output + "/base"
        guard let model else {
            source = .builtIn
            return
        }
        guard !model.hasDirectoryPath, !Self.isFolder(model) else { return nil }
        source = .gguf(model)
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// Writes it unless it is there, as it is after a run that is resumed.
    func write() throws {
        do {
            switch source {
            case .builtIn:
                if !isBuiltInWritten { try DefaultModel.resource.write(to: URL(filePath: path)) }
            case .gguf(let file): try GGUFConversion(file: file).write(to: URL(filePath: path))
            }
        } catch let error as AutoRegEmbedError {
            throw error
        } catch {
            throw CommandFailure(.cannotCreate, "\(path): cannot be written: \(error)")
        }
    }

    /// Whether each file is there as this program has it: another version's adapter may be another.
    private var isBuiltInWritten: Bool {
        DefaultModel.File.carried.allSatisfy { file in
            guard let present = try? MappedFile(path: path + "/" + file.rawValue) else {
                return false
            }
            return withExtendedLifetime(present) {
                ContentHash(of: present.bytes) == ContentHash(of: file.bytes)
            }
        }
    }

    /// Removes it where the model written beside it does not name it as its decoder.
    func removeUnlessNeeded() {
        let settings = path + "/../autoregembed.json"
        let object = FileManager.default.contents(atPath: settings)
            .flatMap { try? JSONValue(parsing: $0) }
        if object?["decoder"]?.stringValue != "base" {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
