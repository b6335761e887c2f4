import ArgumentParser
import VectorDatabase

/// `vdb compact`: reclaims the space of deleted documents.
struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Reclaim the disk space of deleted documents.",
        discussion: """
            Example:
              vdb compact --db notes.vdb

            The database is rewritten, which needs as much free disk space as its own size.
            """)

    @OptionGroup var arguments: DatabaseArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try arguments.open(.readWrite, general, lock)
        defer { try? database.close() }
        let before = try database.bytesByPart().reduce(0) { $0 + $1.bytes }
        try await database.compact()
        let after = try database.bytesByPart().reduce(0) { $0 + $1.bytes }
        general.say(
            "\(Figures.grouped(before)) bytes before, \(Figures.grouped(after)) after")
    }
}
