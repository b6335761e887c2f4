import ArgumentParser
import VectorDatabase

/// `vdb collections rename`: gives a collection another name.
struct CollectionsRenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a collection another name.",
        discussion: """
            Example:
              vdb collections rename default notes

            Without --collection, commands use the collection 'default'.
            """)

    @Argument(help: "The collection.")
    var name: String

    @Argument(help: "Its new name, which must not be used.")
    var newName: String

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try file.open(.readWrite, general, lock)
        defer { try? database.close() }
        try await database.renameCollection(name, to: newName)
        general.say("'\(name)' is now '\(newName)'")
    }
}
