import ArgumentParser
import Torture

/// `vdb-torture migration`: SIGKILL while databases of earlier formats are brought to today's.
struct MigrationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migration", abstract: "Kill vdb while it migrates databases of old formats.")

    @Option(help: "The vdb to run.")
    var program: String

    @Option(help: "How often.")
    var kills = 100

    @OptionGroup var general: TortureArguments

    func run() async throws {
        try await general.run { folder in
            let start = ContinuousClock.now
            var migrations = try MigrationKills(
                program: program, folder: folder, seed: general.seed)
            let summary = try await migrations.run(kills: kills)
            report(
                """
                migrations: \(summary.kills) kills, \(summary.unfinished) of them before the end, \
                \(summary.databases) databases brought to today's format, none differs, \
                \(seconds(since: start))
                """)
        }
    }
}
