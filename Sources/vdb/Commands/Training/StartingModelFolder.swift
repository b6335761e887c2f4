import AutoRegEmbed
import DefaultModel
import FileFormat
import Foundation
import JSON

/// Writes a model that has no folder as a folder to start training from: the built-in model, or a
/// GGUF file, the model itself or the base of an adapter, whose weights are written in float32.
///
/// The folder is inside the output folder, because a model whose weights were all trained keeps its
/// base as its decoder. With an adapter it is not needed after the run.
struct StartingModelFolder {
    private enum Source {
        case builtIn
        case gguf(URL)
    }

    let path: String
    /// Whether it is the base of the adapter that is the model.
    let isBase: Bool
    private let source: Source

    /// Nil if `model` is a folder already, and if it is an adapter, its base.
    ///
    /// - Parameters:
    ///   - model: nil for the built-in model.
    ///   - base: the given base of an adapter; nil for the one that it names.
    /// - Throws: if an adapter cannot be read.
    init?(_ model: URL?, base: String?, in output: String) throws {
        path = output + "/base"
        guard let model else {
            (source, isBase) = (.builtIn, false)
            return
        }
        guard model.hasDirectoryPath || Self.isFolder(model) else {
            (source, isBase) = (.gguf(model), false)
            return
        }
        let file = try AutoRegEmbedder.baseFile(
            ofAdapter: model, base: base.map { URL(filePath: $0) },
            findBase: ModelFinder.findBase)
        guard let file else { return nil }
        (source, isBase) = (.gguf(file), true)
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// Writes the folder unless it exists, as when a run is resumed.
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

    /// Whether every file exists and equals this program's; another version may have another
    /// adapter.
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

    /// Removes the folder unless the trained model names it as its decoder.
    func removeUnlessNeeded() {
        let settings = path + "/../autoregembed.json"
        let object = FileManager.default.contents(atPath: settings)
            .flatMap { try? JSONValue(parsing: $0) }
        if object?["decoder"]?.stringValue != "base" {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
