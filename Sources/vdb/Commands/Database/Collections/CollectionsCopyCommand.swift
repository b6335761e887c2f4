import ArgumentParser
import VectorDatabase

/// `vdb collections copy`: copies a collection within a database.
struct CollectionsCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy a collection under another name.",
        discussion: """
            Example:
              vdb collections copy notes experiment

            Documents, vectors, model, search settings and indexed fields are copied; nothing is encoded. \
            'vdb copy' copies to another database. If it is interrupted, there is no copy.
            """)

    @Argument(help: "The collection.")
    var name: String

    @Argument(help: "The copy's name, which must not be used.")
    var newName: String

    @OptionGroup var file: DatabaseFileArguments
    @OptionGroup var lock: LockArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let database = try file.open(.readWrite, general, lock)
        defer { try? database.close() }
        try await database.copyCollection(name, to: newName)
        let count = try database.collection(newName).count()
        general.say("copied \(Figures.count(count, "document")) to '\(newName)'")
    }
}
