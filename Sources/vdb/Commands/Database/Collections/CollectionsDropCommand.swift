import ArgumentParser
import Foundation
import VectorDatabase

/// `vdb collections drop`: deletes a collection.
struct CollectionsDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Delete a collection with all its documents.",
        discussion: """
            Example:
              vdb collections drop experiment

            On a terminal it asks; elsewhere it needs --yes. An interrupted drop has deleted either \
            everything or nothing. 'vdb compact' then gives the space back to the disk.
            """)

    @Argument(help: "The collection.")
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let database = try file.open(.readWrite, general, lock)
        defer { try? database.close() }
        let count = try database.collection(name).count()
        let what = "the collection '\(name)' with \(Figures.count(count, "document"))"
        guard try yes || confirm("drop \(what)?") else {
            general.say("nothing is dropped")
            return
        }
        Interruption.finishesCleanly()
        try await database.dropCollection(name)
        general.say("dropped \(what)")
    }

    private func confirm(_ question: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1, Messages.isTerminal else {
            throw CommandFailure(
                .usage, "without a terminal to ask on, dropping '\(name)' needs --yes")
        }
        Messages.raw(question + " [y/N] ")
        return ["y", "yes"].contains(readLine()?.lowercased())
    }
}
