import ArgumentParser
import AutoRegEmbed
import DefaultModel
import JSON
import ModelHub

/// `vdb model list`: the built-in model and those in the store.
struct ModelListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the built-in model and the models in the store.",
        discussion: """
            Example:
              vdb model list --format json

            The store is $VDB_MODELS, else ~/.local/share/vdb/models.
            """)

    @Option(help: "table, or json: one object a line.") var format = AnswerFormat.table

    func run() throws {
        print("built-in", from: "built in") { try DefaultModel.embedder() }
        guard let store = ModelStore() else { return }
        for name in try store.names() {
            print(name, from: store.folder.path) {
                try AutoRegEmbedder(folder: try ModelLocator().locate(store.path(of: name)).url)
            }
        }
    }

    private func print(
        _ name: String, from source: String, _ load: () throws -> AutoRegEmbedder
    ) {
        do {
            let model = try load()
            if format == .json {
                var line = JSONWriter()
                line.set("name", name)
                line.set("source", source)
                ModelInfoCommand.describe(model.summary, in: &line)
                line.print()
            } else {
                Output.line("\(name)\t\(ModelInfoCommand.short(model.summary))")
            }
        } catch {
            let reason = CommandFailure.message(of: error)
            if format == .json {
                var line = JSONWriter()
                line.set("name", name)
                line.set("source", source)
                line.set("problem", reason)
                line.print()
            } else {
                Output.line("\(name)\t\(reason)")
            }
        }
        Output.flush()
    }
}

extension ModelStore {
    /// The path of an entry.
    func path(of name: String) -> String { folder.appendingPathComponent(name).path }
}
