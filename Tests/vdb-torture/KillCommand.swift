import ArgumentParser
import DefaultModel
import Foundation
import Torture

/// `vdb-torture kill`: SIGKILL at random moments.
struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Kill vdb at random moments and look at what is left.")

    @Option(help: "The vdb to run.")
    var program: String

    @Option(help: "How often.")
    var kills = 1000

    @Option(help: "Only these kinds of databases: vectors, texts, graph, tuned.")
    var epochs: [String] = []

    @Option(help: "Documents in an ordinary ingest at most.")
    var documents = 400

    @Option(help: "A folder of a tiny model that can be trained; without one nothing is tuned.")
    var tinyModel: String?

    @Flag(help: "Print every run.")
    var verbose = false

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            var options = KillLoop.Options(
                program: program, folder: folder, seed: general.seed, kills: kills)
            options.documents = documents
            options.epochs = epochs
            if verbose { options.report = { report($0) } }
            options.builtIn = try DefaultModel.embedder()
            let files = DefaultModel.File.carried.map { ($0.rawValue, Data($0.bytes)) }
            options.models = try ModelVariants(files: files).write(count: 2, to: folder + "/model")
            if let tinyModel {
                options.tinyModels = try ModelVariants(folder: tinyModel)
                    .write(count: 3, to: folder + "/tiny")
            }
            try await run(options)
        }
    }

    private func run(_ options: KillLoop.Options) async throws {
        let start = ContinuousClock.now
        var loop = try KillLoop(options)
        let summary = try await loop.run()
        let kinds = summary.killsByKind.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        report(
            """
            seed \(options.seed): \(summary.kills) kills in \(summary.runs) runs, \
            \(seconds(since: start)); \(summary.acknowledged) documents acknowledged in killed runs, \
            none lost; \(summary.backups) backups, all whole; killed: \(kinds.joined(separator: ", "))
            """)
    }
}
