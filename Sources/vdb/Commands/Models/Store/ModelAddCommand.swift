import ArgumentParser
import AutoRegEmbed
import Foundation
import ModelHub

/// `vdb model add`: gives a model that is on the disk a name.
struct ModelAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give a model on this machine a name in the store.",
        discussion: """
            Examples:
              vdb model add ~/models/small.gguf --name small
              vdb model add hf:owner/repo --copy

            The model is opened first. It stays where it is; --copy copies it into the store. Nothing \
            is downloaded: 'hf download' and 'ollama pull' fetch what hf: and ollama: then find.
            """)

    @Argument(help: "A folder, a .gguf file, hf:OWNER/REPO or ollama:NAME.") var source: String

    @Option(help: "The name (default: the file's or folder's).") var name: String?

    @Flag(help: "Copy the model into the store.") var copy = false

    func run() throws {
        let location = try ModelFinder.locate(source)
        _ = try AutoRegEmbedder(folder: location)
        guard let store = ModelStore() else { throw ModelLocationError.noStore("vdb") }
        var name = name ?? location.lastPathComponent
        if self.name == nil, name.hasSuffix(".gguf") { name.removeLast(5) }
        do { try store.add(location, as: name, copying: copy) } catch let error as ModelStoreError {
            throw error
        } catch {
            throw CommandFailure(
                .cannotCreate, "\(store.folder.path): cannot be written: \(error)")
        }
        Messages.line("\(name) is \(location.path)")
    }
}
