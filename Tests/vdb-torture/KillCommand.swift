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

    @Option(help: "The share of kills while vdb encodes by its built-in model.")
    var encodingShare = 0.1

    @Option(help: "Documents in an ordinary ingest at most.")
    var documents = 1000

    @Option(help: "Documents in a large one, which gives the index a graph from 10,000 on.")
    var largeIngest = 12_000

    @Flag(help: "Print every run.")
    var verbose = false

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            let encoding = Int((Double(kills) * encodingShare).rounded())
            var options = KillLoop.Options(
                program: program, folder: folder, seed: general.seed, kills: kills - encoding)
            options.documents = documents
            options.largeIngest = largeIngest
            if verbose { options.report = { report($0) } }
            try await run(options, "ready-made vectors")
            guard encoding > 0 else { return }
            options.kills = encoding
            options.dimensions = 0
            options.documents = 150
            options.largeIngest = 600
            options.models = try (1...2).map { number in
                let model = folder + "/model\(number)"
                try writeModel(model, variant: number)
                return model
            }
            try await run(options, "the built-in model")
        }
    }

    private func run(_ options: KillLoop.Options, _ name: String) async throws {
        guard options.kills > 0 else { return }
        var loop = KillLoop(options)
        let start = ContinuousClock.now
        let summary = try await loop.run()
        let kinds = summary.killsByKind.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        report(
            """
            \(name): \(summary.kills) kills in \(summary.runs) runs, \(seconds(since: start)); \
            \(summary.acknowledged) documents acknowledged in killed runs, none lost; \
            \(summary.backups) backups, all whole; killed: \(kinds.joined(separator: ", "))
            """)
    }

    /// The built-in model with one weight changed a little: another fingerprint.
    private func writeModel(_ path: String, variant: Int) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in DefaultModel.File.allCases {
            var data = Data(file.bytes)
            if file == .weights { data[data.count - 2 * variant] ^= 1 }
            try data.write(to: URL(fileURLWithPath: path + "/" + file.rawValue))
        }
    }
}
