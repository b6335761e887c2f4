import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Foundation
import JSON
import ModelHub

/// `vdb model info`: describes one model.
struct ModelInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Describe one model.",
        discussion: """
            Example:
              vdb model info smollm2-135m --format json

            The fingerprint is that of the model without further options; computing it reads all \
            weights.
            """)

    @Argument(
        help: "A model's folder, .gguf file or name (default: the built-in model).",
        completion: .file())
    var model: String?

    @Option(help: "table or json.") var format = AnswerFormat.table

    func run() throws {
        let location = try model.map { try ModelFinder.locate($0) }
        let embedder =
            try location.map { try ModelFinder.open($0) } ?? DefaultModel.embedder()
        let summary = embedder.summary
        var line = JSONWriter()
        line.set("name", model ?? "built-in")
        line.set("path", location?.path)
        let origin = location.flatMap(ModelOrigin.init(of:))
        line.set("source", origin?.source)
        Self.describe(summary, origin, in: &line)
        line.set("method", summary.method)
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
        var facts: [(name: String, value: String)] = [("name", model ?? "built-in")]
        if let location { facts.append(("path", location.path)) }
        if let origin { facts.append(("source", origin.source)) }
        facts += [
            ("model", Self.short(summary, origin))
        ]
        if let method = summary.method { facts.append(("method", method)) }
        facts += [
            ("pooling", summary.pooling.rawValue), ("precision", embedder.arithmetic),
            ("vocabulary", "\(summary.vocabulary)"),
            ("template", Self.quoted(summary.template)),
        ]
        for (use, text) in summary.instructions.sorted(by: { $0.key < $1.key }) {
            facts.append(("instruction", "\(use): \(Self.quoted(text))"))
        }
        facts.append(("fingerprint", embedder.modelFingerprint))
        for line in Columns.facts(facts) { Output.line(line) }
    }

    /// The fields that a list has, too.
    static func describe(
        _ summary: ModelSummary, _ origin: ModelOrigin?, in line: inout JSONWriter
    ) {
        line.set("architecture", summary.architecture)
        line.set("parameters", summary.parameters)
        line.set("bytes", summary.bytes)
        line.set("element_type", summary.elementType)
        line.set("dimensions", summary.dimensions)
        line.set("context", summary.context)
        line.set("license", summary.license ?? origin?.license)
    }

    /// In one line.
    static func short(_ summary: ModelSummary, _ origin: ModelOrigin?) -> String {
        let millions = Double(summary.parameters) / 1e6
        var facts = [
            summary.architecture, Figures.fixed(millions, 1) + "M parameters",
            Figures.size(summary.bytes), summary.elementType,
            "\(summary.dimensions) dimensions", "\(summary.context) positions",
        ]
        if let license = summary.license ?? origin?.license { facts.append(license) }
        return facts.joined(separator: ", ")
    }

    private static func quoted(_ text: String) -> String {
        text.replacingOccurrences(of: "\n", with: "\\n")
    }
}
