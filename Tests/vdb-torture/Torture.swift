import ArgumentParser

/// Long versions of the tests that break things: `make torture`.
@main
struct Torture: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vdb-torture", abstract: "Break things for longer than the tests do.",
        subcommands: [
            KillCommand.self, MigrationCommand.self, ConcurrencyCommand.self, PowerCommand.self,
            DiskCommand.self, RotCommand.self,
        ])
}
