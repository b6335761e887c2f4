import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation
import JSON
import ModelHub

/// `vdb model list`: the built-in model, those in the store, and those that other programs keep.
struct ModelListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the models on this machine.",
        discussion: """
            Example:
              vdb model list --format json

            The built-in model, then those in the store ($VDB_MODELS, else ~/.local/share/vdb/models), \
            in the cache of Hugging Face's programs and in Ollama's store.
            """)

    @Option(help: "table, or json: one object a line.") var format = AnswerFormat.table

    func run() throws {
        print("built-in", from: "built in", at: nil) { try DefaultModel.embedder() }
        let locator = ModelLocator()
        if let store = locator.store {
            for name in try store.names() {
                let location = try? locator.locate(store.path(of: name)).url
                print(name, from: store.folder.path, at: location) {
                    try ModelFinder.open(
                        location ?? locator.locate(store.path(of: name)).url)
                }
            }
        }
        // What other programs keep: those entries that hold a model of a kind that is read here.
        for entry in locator.huggingFace?.entries() ?? [] {
            print(entry.name, from: "Hugging Face's cache", at: entry.location) {
                try ModelFinder.open(ModelLocator().locate(entry.location.path).url)
            }
        }
        for entry in locator.ollama?.entries() ?? [] {
            print(entry.name, from: "Ollama's store", at: entry.location) {
                try ModelFinder.open(entry.location)
            }
        }
    }

    private func print(
        _ name: String, from source: String, at location: URL?,
        _ load: () throws -> any ModelEmbedder
    ) {
        var line = JSONWriter()
        line.set("name", name)
        line.set("source", source)
        line.set("path", location?.path)
        do {
            let summary = try load().summary
            let origin = location.flatMap(ModelOrigin.init(of:))
            ModelInfoCommand.describe(summary, origin, in: &line)
            show(line, "\(name)\t\(ModelInfoCommand.short(summary, origin))")
        } catch {
            let reason = CommandFailure.message(of: error)
            line.set("problem", reason)
            show(line, "\(name)\t\(reason)")
        }
    }

    private func show(_ json: JSONWriter, _ text: String) {
        if format == .json { json.print() } else { Output.line(text) }
        Output.flush()
    }
}

extension ModelStore {
    /// The path of an entry.
    func path(of name: String) -> String { folder.appendingPathComponent(name).path }
}
