import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation
import JSON

/// `vdb model info`: one model, and how it is used.
struct ModelInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Describe one model.",
        discussion: """
            Example:
              vdb model info smollm2-135m --format json

            The fingerprint is that of the model as it is used without further options; making it \
            reads all weights.
            """)

    @Argument(help: "A model's folder, .gguf file or name; without it, the built-in model.")
    var model: String?

    @Option(help: "table or json.") var format = ModelListCommand.Format.table

    func run() throws {
        let location = try model.map { try ModelFinder.locate($0) }
        let embedder =
            try location.map { try AutoRegEmbedder(folder: $0) } ?? DefaultModel.embedder()
        let summary = embedder.summary
        var line = JSONWriter()
        line.set("name", model ?? "built-in")
        line.set("path", location?.path)
        Self.describe(summary, in: &line)
        line.set("pooling", summary.pooling.rawValue)
        line.set("precision", embedder.arithmetic)
        line.set("vocabulary", summary.vocabulary)
        line.set("template", summary.template)
        var instructions = JSONWriter()
        for (use, text) in summary.instructions.sorted(by: { $0.key < $1.key }) {
            instructions.set(use, text)
        }
        line.set("instructions", instructions)
        line.set("fingerprint", embedder.modelFingerprint)
        guard format == .table else { return line.print() }
        Output.line("name          \(model ?? "built-in")")
        if let location { Output.line("path          \(location.path)") }
        Output.line("model         \(Self.short(summary))")
        Output.line("pooling       \(summary.pooling.rawValue)")
        Output.line("precision     \(embedder.arithmetic)")
        Output.line("vocabulary    \(summary.vocabulary)")
        Output.line("template      \(Self.quoted(summary.template))")
        for (use, text) in summary.instructions.sorted(by: { $0.key < $1.key }) {
            Output.line("instruction   \(use): \(Self.quoted(text))")
        }
        Output.line("fingerprint   \(embedder.modelFingerprint)")
    }

    /// The fields that a list has, too.
    static func describe(_ summary: ModelSummary, in line: inout JSONWriter) {
        line.set("architecture", summary.architecture)
        line.set("parameters", summary.parameters)
        line.set("bytes", summary.bytes)
        line.set("element_type", summary.elementType)
        line.set("dimensions", summary.dimensions)
        line.set("context", summary.context)
        line.set("license", summary.license)
    }

    /// In one line.
    static func short(_ summary: ModelSummary) -> String {
        let millions = Double(summary.parameters) / 1e6
        let megabytes = Double(summary.bytes) / 1e6
        var facts = [
            summary.architecture, String(format: "%.1fM parameters", millions),
            String(format: "%.1f MB", megabytes), summary.elementType,
            "\(summary.dimensions) dimensions", "\(summary.context) positions",
        ]
        if let license = summary.license { facts.append(license) }
        return facts.joined(separator: ", ")
    }

    private static func quoted(_ text: String) -> String {
        text.replacingOccurrences(of: "\n", with: "\\n")
    }
}
