import ArgumentParser
import VectorDatabase

/// `vdb compact`: space of what was deleted given back.
struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Give back the space of what was deleted.",
        discussion: """
            Example:
              vdb compact --db notes.vdb

            The database is rewritten; that needs as much free space as it has.
            """)

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, threads: general.threads)
        defer { try? database.close() }
        let before = try database.bytesByPart().reduce(0) { $0 + $1.bytes }
        try await database.compact()
        let after = try database.bytesByPart().reduce(0) { $0 + $1.bytes }
        general.say(
            "\(Figures.grouped(before)) bytes before, \(Figures.grouped(after)) after")
    }
}
