import ArgumentParser
import Foundation
import VectorDatabase

/// `vdb reindex`: new vectors or a new index for the same documents.
struct ReindexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex",
        abstract: "Re-encode with another model, or rebuild the index with other parameters.",
        discussion: """
            Examples:
              vdb reindex --model ./my-model
              vdb reindex --model built-in
              vdb reindex --m 32 --ef-construction 400 --quantization none

            Queries are answered with the old vectors until all new ones are stored. If it is \
            interrupted, the same command resumes where it stopped.
            """)

    @Option(
        help: ArgumentHelp("Links of a node on each layer (default: unchanged).", valueName: "n"))
    var m: Int?

    @Option(
        help: ArgumentHelp(
            "Candidates examined for a new node's links (default: unchanged).", valueName: "n"))
    var efConstruction: Int?

    @Option(
        help: """
            What index search compares: full vectors (none) or int8; scores are exact in either \
            case (default: unchanged).
            """)
    var quantization: VectorQuantization?

    @OptionGroup var graph: GraphArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var prompts: PromptArguments
    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try requirePositive(m, "--m")
        try requirePositive(efConstruction, "--ef-construction")
    }

    func run() async throws {
        Interruption.finishesCleanly()
        let finder = try model.finder(threads: general.threads, prompts: prompts)
        let database = try arguments.open(
            .readWrite, general, lock, models: finder, server: graph.server,
            neighborCodes: graph.neighborCodes)
        defer { try? database.close() }
        let collection = database.collection(arguments.collection)
        var options = try collection.statistics(includesBytes: false).index.options
        let recorded = options
        if let m { options.m = m }
        if let efConstruction { options.efConstruction = efConstruction }
        if let quantization { options.quantization = quantization }
        if model.model != nil {
            let embedder = try finder.load()
            let bar = ProgressLine(unit: "passages", isQuiet: general.quiet)
            defer { bar.clear() }
            try await collection.reindex(with: embedder) { progress in
                bar.update(
                    done: progress.done, total: progress.total,
                    note: progress.stage == .indexing ? "indexing" : nil)
            }
        }
        if model.model == nil || options != recorded {
            try await collection.reindex(options: options)
        }
        general.say("\(arguments.path): reindexed")
    }
}

extension VectorQuantization: ExpressibleByArgument {}
