import AutoRegEmbed
import DefaultModel
import FileFormat
import Foundation

/// The built-in model as a folder, for training that starts from it.
///
/// It lies in the folder that is being written, since a model whose weights have all been trained
/// keeps its base as its decoder; beside an adapter it is not needed once the run is done.
struct BuiltInModelFolder {
    let path: String

    init(in output: String) { path = output + "/base" }

    /// Writes it where it is not there, as it is after a run that goes on.
    func write() throws {
        if isWritten { return }
        do { try DefaultModel.resource.write(to: URL(filePath: path)) } catch {
            throw CommandFailure(.cannotCreate, "\(path): cannot be written: \(error)")
        }
    }

    /// Whether each file is there as this program has it: another version's adapter may be another.
    private var isWritten: Bool {
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
        let object =
            FileManager.default.contents(atPath: settings)
            .flatMap { try? JSONSerialization.jsonObject(with: $0) } as? [String: Any]
        if object?["decoder"] as? String != "base" {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
