import ArgumentParser
import Torture

/// `vdb-torture concurrency`: readers and writers at once.
struct ConcurrencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concurrency", abstract: "Read and write at once, in threads and processes.")

    @Option(help: "The vdb whose processes take part; without one there are only threads.")
    var program: String?

    @Option(name: .customLong("seconds"), help: "For at least so long.")
    var duration = 120.0

    @Option(help: "Threads that write.")
    var writers = 2

    @Option(help: "Threads that read.")
    var readers = 4

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            var options = ConcurrencyLoop.Options(folder: folder, seed: general.seed)
            options.program = program
            options.seconds = duration
            options.writers = writers
            options.readers = readers
            let start = ContinuousClock.now
            let summary = try await ConcurrencyLoop(options).run()
            report(
                """
                concurrency: \(summary.writes) writes and \(summary.reads) reads, \
                \(summary.processes) processes, \(summary.misses) of \(summary.walks) stored \
                documents not found by the graph, nothing inconsistent, \
                \(seconds(since: start))
                """)
        }
    }
}
